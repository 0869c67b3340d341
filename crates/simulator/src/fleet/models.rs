//! Makers and models of the fleet. All names are invented.

use crate::choice::{Choices, Purpose};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) manufacturer: &'static str,
    pub(crate) name: &'static str,
    /// In 1,000 devices.
    share: u32,
}

/// The model whose installs fail in the bad-model scenario.
pub const BAD_MODEL: &str = "Fabrikam ElitePad 840";

const fn model(manufacturer: &'static str, name: &'static str, share: u32) -> Model {
    Model { manufacturer, name, share }
}

static MODELS: [Model; 20] = [
    model("Fabrikam", BAD_MODEL, 150),
    model("Contoso", "Contoso Latitude 5440", 130),
    model("Contoso", "Contoso Latitude 7440", 90),
    model("Contoso", "Contoso OptiDesk 7010", 80),
    model("Fabrikam", "Fabrikam ElitePad 850", 70),
    model("Fabrikam", "Fabrikam ProDesk 600", 60),
    model("Northwind", "Northwind ThinkBook T14", 70),
    model("Northwind", "Northwind ThinkBook X1", 60),
    model("Northwind", "Northwind Center M70", 45),
    model("Tailspin", "Tailspin Swift 5", 40),
    model("Tailspin", "Tailspin Swift 7", 35),
    model("Contoso", "Contoso Precision 3580", 30),
    model("Fabrikam", "Fabrikam ZStation 14", 25),
    model("Northwind", "Northwind StationP P16", 25),
    model("Tailspin", "Tailspin Tower 900", 20),
    model("Contoso", "Contoso Rugged 5430", 20),
    model("Tailspin", "Tailspin Kiosk 12", 15),
    model("Fabrikam", "Fabrikam Slate 11", 15),
    model("Northwind", "Northwind Fold 13", 10),
    model("Contoso", "Contoso Micro 3000", 10),
];

pub(crate) fn of(choices: Choices, index: u32) -> &'static Model {
    let mut drawn = choices.below(index, Purpose::Model, 0, 1000);
    for model in &MODELS {
        if drawn < model.share {
            return model;
        }
        drawn -= model.share;
    }
    &MODELS[0]
}

#[cfg(test)]
mod tests {
    use super::MODELS;

    #[test]
    fn shares_add_up() {
        assert_eq!(MODELS.iter().map(|model| model.share).sum::<u32>(), 1000);
    }
}
