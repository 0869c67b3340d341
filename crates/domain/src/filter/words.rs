//! Words that can never match: `owner == "Company"` is false of every device, which nobody means.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::FilterError;
use super::variables::Variable;

/// Refuses a comparison of a variable that has one of a few words with any other word.
pub(super) fn check(call: &CallExpr) -> Result<(), FilterError> {
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

fn compared(variable: &IdedExpr, with: &IdedExpr) -> Result<(), FilterError> {
    let (Expr::Ident(name), Expr::Literal(LiteralValue::String(word))) =
        (&variable.expr, &with.expr)
    else {
        return Ok(());
    };
    let words = Variable::named(name).map_or(&[][..], |variable| variable.words);
    if words.is_empty() || words.contains(&word.inner()) {
        return Ok(());
    }
    Err(FilterError::UnknownWord { name: name.clone(), word: word.inner().to_owned(), words })
}
