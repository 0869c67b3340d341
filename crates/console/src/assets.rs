//! Built files by name, and the same compressed before.

use crate::page;

type Files = &'static [(&'static str, &'static [u8])];

/// Sorted by name; a file may have neighbours `name.br` and `name.gz`, its text compressed.
const BUILT: Files = include!(concat!(env!("OUT_DIR"), "/files.rs"));

#[derive(Debug, Clone, Copy)]
pub(crate) struct Assets {
    files: Files,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

impl Assets {
    pub(crate) fn built() -> Self {
        Self::new(BUILT)
    }

    pub(crate) fn new(files: Files) -> Self {
        Self { files }
    }

    /// The page that starts the app; none if it was not built.
    pub(crate) fn page(self) -> Option<&'static str> {
        std::str::from_utf8(self.find(page::NAME)?.bytes).ok()
    }

    pub(crate) fn find(self, name: &str) -> Option<Asset> {
        let at = self.files.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
        self.files.get(at).map(|(name, bytes)| Asset { name, bytes })
    }

    /// The file in the smallest form that the header `accept-encoding` names, and the name of that form.
    /// A form with `q=0` is refused, which nobody sends who also wants another.
    pub(crate) fn encoded(
        self,
        asset: &Asset,
        accepted: &str,
    ) -> (&'static [u8], Option<&'static str>) {
        let takes = |form: &str| {
            accepted.split(',').any(|one| {
                let (name, weight) = one.split_once(';').unwrap_or((one, ""));
                name.trim() == form && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00")
            })
        };
        for (form, ending) in [("br", "br"), ("gzip", "gz")] {
            let other = takes(form).then(|| self.find(&format!("{}.{ending}", asset.name)));
            if let Some(Some(other)) = other {
                return (other.bytes, Some(form));
            }
        }
        (asset.bytes, None)
    }
}

impl Asset {
    pub(crate) fn content_type(&self) -> &'static str {
        match self.name.rsplit('.').next().unwrap_or_default() {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            "woff2" => "font/woff2",
            _ => "application/octet-stream",
        }
    }

    /// What is under `assets/` has the hash of its content in its name.
    pub(crate) fn cache_control(&self) -> &'static str {
        if self.name.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=3600"
        }
    }
}
