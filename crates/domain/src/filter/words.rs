//! Words that can never match: `owner == "Company"` is false of every device, which nobody means.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::FilterError;
use super::check::spelled;
use super::vocabulary::Vocabulary;

/// Refuses a comparison of a variable that has one of a few words with any other word.
pub(super) fn check(call: &CallExpr, vocabulary: Vocabulary<'_>) -> Result<(), FilterError> {
    let compared = |variable, with| compared(variable, with, vocabulary);
    let [left, right] = call.args.as_slice() else { return Ok(()) };
    match call.func_name.as_str() {
        operators::EQUALS | operators::NOT_EQUALS => {
            compared(left, right)?;
            compared(right, left)
        }
        operators::IN => {
            // `owner in ["company"]`, `"held" in reasons`.
            compared(right, left)?;
            let Expr::List(list) = &right.expr else { return Ok(()) };
            list.elements.iter().try_for_each(|word| compared(left, word))
        }
        _ => Ok(()),
    }
}

fn compared(
    variable: &IdedExpr,
    with: &IdedExpr,
    vocabulary: Vocabulary<'_>,
) -> Result<(), FilterError> {
    let Expr::Literal(LiteralValue::String(word)) = &with.expr else { return Ok(()) };
    let name = if let Expr::Ident(name) = &variable.expr {
        name.clone()
    } else if let Expr::Select(select) = &variable.expr {
        spelled(&select.operand, &select.field)
    } else {
        return Ok(());
    };
    let words = vocabulary.words_of(&name);
    if words.is_empty() || words.contains(&word.inner()) {
        return Ok(());
    }
    let known = words.join(", ");
    Err(FilterError::UnknownWord { name, word: word.inner().to_owned(), known })
}
