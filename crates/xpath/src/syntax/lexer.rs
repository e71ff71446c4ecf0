//! Text to tokens; decides by what stands before whether `*`, `and`, `div` are operators or names.

use crate::syntax::{Operator, SyntaxError};

/// One token and where it begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token<'a> {
    /// Byte offset.
    pub at: usize,
    /// What it is.
    pub what: Sign<'a>,
}

/// The sorts of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sign<'a> {
    Number(f64),
    Text(&'a str),
    /// A name, with its prefix if it has one.
    Name(&'a str),
    /// `*` where a name can stand.
    AnyName,
    /// `prefix:*`
    AnyNameOf(&'a str),
    /// What stands between `${` and `}`.
    Reference(&'a str),
    Operator(Operator),
    And,
    Or,
    Union,
    Slash,
    DoubleSlash,
    OpenRound,
    CloseRound,
    OpenSquare,
    CloseSquare,
    Comma,
    At,
    DoubleColon,
    Dot,
    DoubleDot,
    End,
}

/// All tokens of a text, the last one being [`Sign::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token<'_>>, SyntaxError> {
    let mut tokens: Vec<Token<'_>> = Vec::with_capacity(source.len() / 3 + 1);
    let mut rest = source;
    loop {
        rest = rest.trim_start();
        let at = source.len() - rest.len();
        let after_operand = tokens.last().is_some_and(|token| ends_operand(token.what));
        let Some((what, length)) = token(rest, at, after_operand)? else {
            tokens.push(Token { at, what: Sign::End });
            return Ok(tokens);
        };
        tokens.push(Token { at, what });
        rest = rest.get(length..).unwrap_or("");
    }
}

/// Whether an operator is what must come after this token.
fn ends_operand(sign: Sign<'_>) -> bool {
    match sign {
        Sign::Number(_)
        | Sign::Text(_)
        | Sign::Name(_)
        | Sign::AnyName
        | Sign::AnyNameOf(_)
        | Sign::Reference(_)
        | Sign::CloseRound
        | Sign::CloseSquare
        | Sign::Dot
        | Sign::DoubleDot => true,
        Sign::Operator(_)
        | Sign::And
        | Sign::Or
        | Sign::Union
        | Sign::Slash
        | Sign::DoubleSlash
        | Sign::OpenRound
        | Sign::OpenSquare
        | Sign::Comma
        | Sign::At
        | Sign::DoubleColon
        | Sign::End => false,
    }
}

/// The token at the beginning of `rest` and its length in bytes; None at the end.
fn token(rest: &str, at: usize, after_operand: bool) -> Result<Option<(Sign<'_>, usize)>, SyntaxError> {
    let mut letters = rest.chars();
    let Some(first) = letters.next() else {
        return Ok(None);
    };
    let second = letters.next();
    let error = |message: &str| {
        Err(SyntaxError {
            at,
            message: message.to_owned(),
        })
    };
    let found = match first {
        '(' => (Sign::OpenRound, 1),
        ')' => (Sign::CloseRound, 1),
        '[' => (Sign::OpenSquare, 1),
        ']' => (Sign::CloseSquare, 1),
        ',' => (Sign::Comma, 1),
        '@' => (Sign::At, 1),
        '+' => (Sign::Operator(Operator::Add), 1),
        '-' => (Sign::Operator(Operator::Subtract), 1),
        '=' if second == Some('=') => return error("write = instead of =="),
        '=' => (Sign::Operator(Operator::Equal), 1),
        '!' if second == Some('=') => (Sign::Operator(Operator::NotEqual), 2),
        '!' => return error("write not(…) instead of !"),
        '<' if second == Some('=') => (Sign::Operator(Operator::LessOrEqual), 2),
        '<' if second == Some('>') => return error("write != instead of <>"),
        '<' => (Sign::Operator(Operator::Less), 1),
        '>' if second == Some('=') => (Sign::Operator(Operator::GreaterOrEqual), 2),
        '>' => (Sign::Operator(Operator::Greater), 1),
        '|' if second == Some('|') => return error("write or instead of ||"),
        '|' => (Sign::Union, 1),
        '&' => return error("write and instead of &; join texts with concat(…)"),
        '/' if second == Some('/') => (Sign::DoubleSlash, 2),
        '/' => (Sign::Slash, 1),
        ':' if second == Some(':') => (Sign::DoubleColon, 2),
        '*' if after_operand => (Sign::Operator(Operator::Multiply), 1),
        '*' => (Sign::AnyName, 1),
        '.' if second == Some('.') => (Sign::DoubleDot, 2),
        '.' if second.is_some_and(|letter| letter.is_ascii_digit()) => number(rest, at)?,
        '.' => (Sign::Dot, 1),
        '0'..='9' => number(rest, at)?,
        '\'' | '"' => {
            let inside = rest.get(1..).unwrap_or("");
            let Some(length) = inside.find(first) else {
                return error("the text that begins here has no closing quote; add it");
            };
            (Sign::Text(inside.get(..length).unwrap_or("")), length + 2)
        }
        '“' | '”' | '‘' | '’' => {
            return error("write plain quotes (' or \") instead of typographic ones");
        }
        '%' => return error("write mod for the remainder of a division"),
        '$' if second == Some('{') => {
            let inside = rest.get(2..).unwrap_or("");
            let Some(length) = inside.find('}') else {
                return error("the reference that begins here has no closing }; add it");
            };
            (
                Sign::Reference(inside.get(..length).unwrap_or("").trim()),
                length + 3,
            )
        }
        '$' => return error("variables are not known in forms; write ${name} for an answer"),
        letter if starts_name(letter) => name(rest, at, after_operand)?,
        other => {
            return Err(SyntaxError {
                at,
                message: format!(
                    "{other:?} has no meaning in an expression; remove it or put it between quotes"
                ),
            });
        }
    };
    Ok(Some(found))
}

fn number(rest: &str, at: usize) -> Result<(Sign<'_>, usize), SyntaxError> {
    let n_whole = rest.bytes().take_while(u8::is_ascii_digit).count();
    let after = rest.get(n_whole..).unwrap_or("");
    let n_fraction = match after.strip_prefix('.') {
        Some(fraction) => 1 + fraction.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let length = n_whole + n_fraction;
    let digits = rest.get(..length).unwrap_or("");
    match digits.parse() {
        Ok(number) => Ok((Sign::Number(number), length)),
        Err(_) => Err(SyntaxError {
            at,
            message: format!("{digits} is not a number; write it like 12.5"),
        }),
    }
}

fn name(rest: &str, at: usize, after_operand: bool) -> Result<(Sign<'_>, usize), SyntaxError> {
    let length = plain_name_length(rest);
    let first = rest.get(..length).unwrap_or("");
    if after_operand {
        // `1div2` has no other meaning than `1 div 2`.
        let word = first.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
        let sign = match word {
            "and" => Sign::And,
            "or" => Sign::Or,
            "div" => Sign::Operator(Operator::Divide),
            "mod" => Sign::Operator(Operator::Modulo),
            _ => {
                return Err(SyntaxError {
                    at,
                    message: not_an_operator(first),
                });
            }
        };
        return Ok((sign, word.len()));
    }
    let after = rest.get(length..).unwrap_or("");
    let Some(local) = after.strip_prefix(':').filter(|local| !local.starts_with(':')) else {
        return Ok((Sign::Name(first), length));
    };
    if local.starts_with('*') {
        return Ok((Sign::AnyNameOf(first), length + 2));
    }
    let n_local = plain_name_length(local);
    if n_local == 0 {
        return Err(SyntaxError {
            at,
            message: format!("a name must follow {first}: or the : must go; did you mean {first}::?"),
        });
    }
    let length = length + 1 + n_local;
    Ok((Sign::Name(rest.get(..length).unwrap_or("")), length))
}

fn not_an_operator(name: &str) -> String {
    let lower = name.to_lowercase();
    if ["and", "or", "div", "mod"].contains(&lower.as_str()) {
        return format!("write {lower} in small letters instead of {name}");
    }
    format!("an operator such as and, or, =, + must stand between the value before and {name}")
}

/// Length in bytes of the name at the beginning, 0 if there is none.
fn plain_name_length(rest: &str) -> usize {
    let mut length = 0;
    for (at, letter) in rest.char_indices() {
        let belongs = if at == 0 {
            starts_name(letter)
        } else {
            continues_name(letter)
        };
        if !belongs {
            break;
        }
        length = at + letter.len_utf8();
    }
    length
}

fn starts_name(letter: char) -> bool {
    letter == '_' || letter.is_alphabetic()
}

fn continues_name(letter: char) -> bool {
    // XML names also hold marks (Khmer and Burmese vowels), which are neither letters nor digits.
    matches!(letter, '-' | '.' | '_' | '\u{B7}')
        || letter.is_alphanumeric()
        || matches!(letter, '\u{300}'..='\u{36F}' | '\u{E31}'..='\u{E4E}' | '\u{102B}'..='\u{103E}' | '\u{17B4}'..='\u{17DD}' | '\u{203F}'..='\u{2040}')
}
