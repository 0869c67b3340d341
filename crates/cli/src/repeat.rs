//! `--watch`: one command again and again, until somebody has seen enough.

use std::time::Duration;

use crate::args::Global;
use crate::commands::{self, ClientCommand};
use crate::failure::{Exit, Failure};
use crate::output::{self, Form, Output, Tone, write};
use crate::screen::Screen;

const EVERY: Duration = Duration::from_secs(2);

/// Until it is interrupted, or something else fails than the connection. `again` reads the command
/// from the arguments anew: running one uses it up.
pub(crate) async fn run(
    again: impl Fn() -> Option<ClientCommand>,
    global: &Global,
    output: Output,
) -> Result<Exit, Failure> {
    let mut screen = Screen::default();
    let mut shown = None;
    while let Some(command) = again() {
        output::keep();
        let outcome = commands::run(command, global, output).await;
        let text = output::kept();
        match outcome {
            Ok(_) => {}
            // The first answer decides whether there is anybody at all.
            Err(Failure::Unreachable { error, .. }) if shown.is_some() => {
                if output.redraws && output.form == Form::Table {
                    let mut lines = lines(shown.as_deref().unwrap_or_default());
                    lines.push(output.paint(Tone::Bad, &format!("no answer: {error}")));
                    screen.draw(&lines)?;
                }
                tokio::time::sleep(EVERY).await;
                continue;
            }
            Err(failure) => return Err(failure),
        }
        match output.form {
            Form::Table if output.redraws => screen.draw(&lines(&text))?,
            Form::Table | Form::Plain | Form::Data(_) if shown.as_ref() != Some(&text) => {
                write(&text)?;
            }
            Form::Table | Form::Plain | Form::Data(_) => {}
        }
        shown = Some(text);
        tokio::time::sleep(EVERY).await;
    }
    Ok(Exit::Ok)
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
