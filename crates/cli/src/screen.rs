//! Lines of a terminal that are drawn again and again in place.

use crate::failure::Failure;
use crate::output::write;

#[derive(Debug, Default)]
pub(crate) struct Screen {
    drawn: usize,
}

impl Screen {
    pub(crate) fn draw(&mut self, lines: &[String]) -> Result<(), Failure> {
        let frame = frame(self.drawn, lines);
        self.drawn = lines.len();
        write(&frame)
    }
}

/// One write, so that nobody sees half of it. Wrapping is off meanwhile: a line that is too long
/// is cut by the terminal and does not become two, which would spoil the count.
fn frame(drawn: usize, lines: &[String]) -> String {
    let mut text = String::from("\x1b[?7l");
    if drawn > 0 {
        text.extend(["\x1b[", &drawn.to_string(), "A"]);
    }
    for line in lines {
        text.push('\r');
        text.push_str(line);
        text.push_str("\x1b[K\n");
    }
    text.push_str("\x1b[J\x1b[?7h");
    text
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn the_second_frame_covers_the_first() {
        let lines = ["a".to_owned(), "b".to_owned()];
        assert_eq!(frame(0, &lines), "\x1b[?7l\ra\x1b[K\n\rb\x1b[K\n\x1b[J\x1b[?7h");
        assert!(frame(2, &lines).starts_with("\x1b[?7l\x1b[2A\ra"));
    }
}
