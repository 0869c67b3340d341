//! The check of a filter before it runs: names, types, functions, nesting.
//!
//! Allows a list and refuses the rest, so that a function which a later version of the library adds is
//! not in filters by accident. CEL itself would find a wrong name or type only on the device that gets
//! there, and compares values of different types as unequal without a word.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};
use cel::{Context, Value};

use super::variables::Type;
use super::vocabulary::Vocabulary;
use super::{ENV, FilterError, MAX_DEPTH, words};

/// What a filter may call, as errors and documents list it.
pub(super) const FUNCTIONS: [&str; 10] = [
    "contains",
    "startsWith",
    "endsWith",
    "lowerAscii",
    "size",
    "timestamp",
    "duration",
    "exists",
    "exists_one",
    "all",
];

/// The names there are, and those that an `exists` or `all` brings.
struct Scope<'a> {
    vocabulary: Vocabulary<'a>,
    names: [Option<(&'a str, Type)>; 2],
}

/// The type of a whole filter.
pub(super) fn check(
    expression: &IdedExpr,
    vocabulary: Vocabulary<'_>,
) -> Result<Type, FilterError> {
    type_of(expression, &Scope { vocabulary, names: [None; 2] }, MAX_DEPTH)
}

fn type_of(expression: &IdedExpr, scope: &Scope<'_>, left: u16) -> Result<Type, FilterError> {
    let left = left.checked_sub(1).ok_or(FilterError::TooDeep)?;
    match &expression.expr {
        Expr::Ident(name) => of_name(name, scope),
        Expr::Literal(literal) => of_literal(literal),
        Expr::Call(call) => of_call(expression, call, scope, left),
        Expr::List(list) => {
            let mut of = None;
            for element in &list.elements {
                let found = type_of(element, scope, left)?;
                if of.is_some_and(|of| of != found) {
                    return Err(FilterError::Unsupported("a list of different types"));
                }
                of = Some(found);
            }
            match of {
                Some(Type::Text) => Ok(Type::Texts),
                Some(Type::Number) => Ok(Type::Numbers),
                Some(Type::Bool | Type::Time | Type::Length | Type::Texts | Type::Numbers) => {
                    Err(FilterError::Unsupported("a list of anything but strings or ints"))
                }
                None => Err(FilterError::Unsupported("an empty list, nor `map` and `filter`")),
            }
        }
        Expr::Comprehension(loop_) => of_loop(loop_, scope, left),
        Expr::Select(select) => {
            let name = spelled(&select.operand, &select.field);
            let is_plain = matches!(select.operand.expr, Expr::Ident(_)) && !select.test;
            let found = scope.vocabulary.type_of(&name).filter(|_| is_plain);
            found.ok_or_else(|| scope.vocabulary.unknown(name))
        }
        Expr::Map(_) => Err(FilterError::Unsupported("a map")),
        Expr::Struct(_) => Err(FilterError::Unsupported("a message")),
        Expr::Unspecified => Err(FilterError::Unsupported("nothing where a value should be")),
    }
}

/// `a.b`, for an error.
pub(super) fn spelled(operand: &IdedExpr, field: &str) -> String {
    if let Expr::Ident(name) = &operand.expr { format!("{name}.{field}") } else { field.to_owned() }
}

fn of_name(name: &str, scope: &Scope<'_>) -> Result<Type, FilterError> {
    let inner = scope.names.iter().flatten().find(|(one, _)| *one == name).map(|(_, of)| *of);
    inner
        .or_else(|| scope.vocabulary.type_of(name))
        .ok_or_else(|| scope.vocabulary.unknown(name.to_owned()))
}

fn of_literal(literal: &LiteralValue) -> Result<Type, FilterError> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Type::Bool),
        LiteralValue::Int(_) => Ok(Type::Number),
        LiteralValue::String(_) => Ok(Type::Text),
        LiteralValue::Double(_) => Err(FilterError::Unsupported("a number with a fraction")),
        LiteralValue::UInt(_) => Err(FilterError::Unsupported("a uint; write the number plainly")),
        LiteralValue::Bytes(_) => Err(FilterError::Unsupported("bytes")),
        LiteralValue::Null => Err(FilterError::Unsupported("null; what is unknown is empty or 0")),
    }
}

/// `exists`, `exists_one` and `all` over one of the lists of a device, never one inside another: the
/// work stays in proportion to the list.
fn of_loop(of: &ComprehensionExpr, scope: &Scope<'_>, left: u16) -> Result<Type, FilterError> {
    if scope.names.iter().any(Option::is_some) {
        return Err(FilterError::Unsupported("`exists` or `all` inside another"));
    }
    let over_variable = matches!(of.iter_range.expr, Expr::Ident(_));
    if !over_variable || type_of(&of.iter_range, scope, left)? != Type::Texts {
        return Err(FilterError::Unsupported(
            "`exists` or `all` over anything but a variable list",
        ));
    }
    if of.iter_var2.is_some() {
        return Err(FilterError::Unsupported("a loop over two variables"));
    }
    if scope.vocabulary.type_of(&of.iter_var).is_some() {
        return Err(FilterError::Shadowed { name: of.iter_var.clone() });
    }
    // What the macros expand to: a sum that starts somewhere, a step, and what is made of the sum.
    let sum = type_of(&of.accu_init, scope, left)?;
    let names = [Some((of.iter_var.as_str(), Type::Text)), Some((of.accu_var.as_str(), sum))];
    let inner = Scope { vocabulary: scope.vocabulary, names };
    type_of(&of.loop_cond, &inner, left)?;
    let step = type_of(&of.loop_step, &inner, left)?;
    if step != sum {
        return Err(mismatch("exists, exists_one or all", &[step], "a condition"));
    }
    type_of(&of.result, &inner, left)
}

fn of_call(
    whole: &IdedExpr,
    call: &CallExpr,
    scope: &Scope<'_>,
    left: u16,
) -> Result<Type, FilterError> {
    let operands = call.target.as_deref().into_iter().chain(&call.args);
    let types: Vec<Type> =
        operands.map(|one| type_of(one, scope, left)).collect::<Result<_, _>>()?;
    let name = call.func_name.as_str();
    if call.target.is_some() {
        return of_method(name, &types);
    }
    let found = of_function(whole, call, &types)?;
    words::check(call, scope.vocabulary)?;
    Ok(found)
}

fn of_method(name: &str, types: &[Type]) -> Result<Type, FilterError> {
    match (name, types) {
        ("contains" | "startsWith" | "endsWith", [Type::Text, Type::Text]) => Ok(Type::Bool),
        ("lowerAscii", [Type::Text]) => Ok(Type::Text),
        ("size", [Type::Text | Type::Texts | Type::Numbers]) => Ok(Type::Number),
        ("contains" | "startsWith" | "endsWith", _) => {
            Err(mismatch(name, types, "a string and a string"))
        }
        ("lowerAscii", _) => Err(mismatch(name, types, "a string and nothing else")),
        ("size", _) => Err(mismatch(name, types, "a string or a list")),
        _ => Err(FilterError::UnknownFunction { name: name.to_owned() }),
    }
}

fn of_function(whole: &IdedExpr, call: &CallExpr, types: &[Type]) -> Result<Type, FilterError> {
    use Type::{Bool, Length, Number, Numbers, Text, Texts, Time};
    let name = call.func_name.as_str();
    let refused = |takes| Err(mismatch(name, types, takes));
    match (name, types) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [Bool, Bool]) => Ok(Bool),
        (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [Bool]) => Ok(Bool),
        (operators::CONDITIONAL, [Bool, then, other]) if then == other => Ok(*then),
        (operators::EQUALS | operators::NOT_EQUALS, [a, b]) if a == b => Ok(Bool),
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [Number, Number] | [Text, Text] | [Time, Time] | [Length, Length],
        ) => Ok(Bool),
        (operators::IN, [Text, Texts] | [Number, Numbers]) => Ok(Bool),
        (operators::ADD | operators::SUBSTRACT, [Number, Number]) => Ok(Number),
        (operators::ADD | operators::SUBSTRACT, [Time, Length]) => Ok(Time),
        (operators::SUBSTRACT, [Time, Time]) => Ok(Length),
        (operators::NEGATE, [Number]) => Ok(Number),
        ("size", [Text | Texts | Numbers]) => Ok(Number),
        ("timestamp", [Text]) => constant(whole, call).map(|()| Time),
        ("duration", [Text]) => constant(whole, call).map(|()| Length),
        (operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT, _) => {
            refused("conditions")
        }
        (operators::CONDITIONAL, _) => refused("a condition and two values of one type"),
        (operators::EQUALS | operators::NOT_EQUALS, _) => refused("two values of one type"),
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            _,
        ) => refused("two ints, strings, timestamps or durations"),
        (operators::IN, _) => refused("a value and a list of such values"),
        (operators::ADD | operators::SUBSTRACT, _) => {
            refused("ints, or a timestamp and a duration")
        }
        (operators::NEGATE, _) => refused("an int"),
        ("size", _) => refused("a string or a list"),
        ("timestamp" | "duration", _) => refused("a string"),
        _ => Err(FilterError::UnknownFunction { name: plain(name) }),
    }
}

/// A time or a length is written out, so that it is read once, here, and not found wrong later.
fn constant(whole: &IdedExpr, call: &CallExpr) -> Result<(), FilterError> {
    if !call.args.iter().all(|one| matches!(one.expr, Expr::Literal(_))) {
        return Err(FilterError::Unsupported("a timestamp or duration that is not written out"));
    }
    let empty = Context::with_env(ENV.clone());
    match Value::resolve(whole, &empty) {
        Ok(_) => Ok(()),
        Err(error) => Err(FilterError::NoTime(error.to_string())),
    }
}

fn mismatch(name: &str, types: &[Type], takes: &'static str) -> FilterError {
    let found: Vec<&str> = types.iter().map(|of| of.word()).collect();
    let found = if found.is_empty() { "nothing".to_owned() } else { found.join(" and ") };
    FilterError::Types { what: plain(name), found, takes }
}

/// An operator as it is written: `_==_` is `==`, `@in` is `in`. Names of functions stay.
fn plain(name: &str) -> String {
    if name.contains(char::is_alphabetic) {
        name.trim_start_matches('@').to_owned()
    } else {
        name.replace('_', "")
    }
}
