//! Which plural form belongs to a count: the expression that the header of a gettext file gives.
//!
//! The expressions are C's, over one variable `n`, as the manual of gettext has them ("Plural forms"). A file may
//! come from anywhere, so an expression is bounded in length and in depth, and evaluating it cannot fail but by
//! giving no form.

use std::fmt;

/// Characters an expression may have.
const MAX_LENGTH: usize = 1000;

/// Parentheses and choices that an expression may have inside one another; Arabic has five choices.
const MAX_DEPTH: usize = 50;

/// The plural forms of a language.
///
/// # Examples
///
/// ```
/// use firewhirl_web::locale::PluralForms;
///
/// let polish = "nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;";
/// let forms = PluralForms::parse(polish)?;
/// assert_eq!([1, 2, 5, 12, 22].map(|count| forms.form(count)), [Some(0), Some(1), Some(2), Some(2), Some(1)]);
/// # Ok::<(), firewhirl_web::locale::PluralFormsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PluralForms {
    expression: Expression,
}

impl PluralForms {
    /// Reads the value of a `Plural-Forms` header.
    ///
    /// # Errors
    ///
    /// [`PluralFormsError`] where it has no expression, or none that gettext knows.
    pub fn parse(header: &str) -> Result<Self, PluralFormsError> {
        let assignments = header.split(';').filter_map(|part| part.split_once('='));
        let mut plurals = assignments.filter(|(name, _)| name.trim() == "plural");
        let (_, text) = plurals.next().ok_or(PluralFormsError::Missing)?;
        if text.len() > MAX_LENGTH {
            return Err(PluralFormsError::TooLong { limit: MAX_LENGTH });
        }
        let mut parser = Parser { rest: text.trim(), depth: 0 };
        let expression = parser.choice()?;
        match parser.rest {
            "" => Ok(Self { expression }),
            _ => Err(parser.unexpected()),
        }
    }

    /// The number of the form for a count; `None` where the expression has no value, as with a division by zero.
    pub fn form(&self, count: i64) -> Option<usize> {
        usize::try_from(self.expression.value(count)?).ok()
    }
}

impl Default for PluralForms {
    /// One form for 1 and one for all other counts, as in the Germanic languages.
    fn default() -> Self {
        let expression = Expression::Binary(Operator::NotEqual, Box::new([Expression::Count, Expression::Number(1)]));
        Self { expression }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Count,
    Number(i64),
    Not(Box<Expression>),
    Binary(Operator, Box<[Expression; 2]>),
    Choice(Box<[Expression; 3]>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The operators with how strongly they bind; what another begins with comes after it.
#[rustfmt::skip]
const OPERATORS: &[(&str, Operator, u8)] = &[
    ("||", Operator::Or,             1),
    ("&&", Operator::And,            2),
    ("==", Operator::Equal,          3),
    ("!=", Operator::NotEqual,       3),
    ("<=", Operator::LessOrEqual,    4),
    (">=", Operator::GreaterOrEqual, 4),
    ("<",  Operator::Less,           4),
    (">",  Operator::Greater,        4),
    ("+",  Operator::Add,            5),
    ("-",  Operator::Subtract,       5),
    ("*",  Operator::Multiply,       6),
    ("/",  Operator::Divide,         6),
    ("%",  Operator::Remainder,      6),
];

impl Expression {
    fn value(&self, count: i64) -> Option<i64> {
        Some(match self {
            Self::Count => count,
            Self::Number(number) => *number,
            Self::Not(operand) => i64::from(operand.value(count)? == 0),
            Self::Choice(parts) => {
                let [condition, then, otherwise] = &**parts;
                if condition.value(count)? != 0 { then.value(count)? } else { otherwise.value(count)? }
            }
            Self::Binary(operator, operands) => {
                let [left, right] = &**operands;
                let left = left.value(count)?;
                match operator {
                    Operator::Or => i64::from(left != 0 || right.value(count)? != 0),
                    Operator::And => i64::from(left != 0 && right.value(count)? != 0),
                    _ => operator.apply(left, right.value(count)?)?,
                }
            }
        })
    }
}

impl Operator {
    /// Divisions round down, as Python's do, so that a negative count has a form as well.
    fn apply(self, left: i64, right: i64) -> Option<i64> {
        let floor = || {
            let quotient = left.checked_div(right)?;
            let is_inexact = left.checked_rem(right)? != 0 && (left < 0) != (right < 0);
            Some(quotient - i64::from(is_inexact))
        };
        match self {
            Self::Or => Some(i64::from(left != 0 || right != 0)),
            Self::And => Some(i64::from(left != 0 && right != 0)),
            Self::Equal => Some(i64::from(left == right)),
            Self::NotEqual => Some(i64::from(left != right)),
            Self::Less => Some(i64::from(left < right)),
            Self::LessOrEqual => Some(i64::from(left <= right)),
            Self::Greater => Some(i64::from(left > right)),
            Self::GreaterOrEqual => Some(i64::from(left >= right)),
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Divide => floor(),
            Self::Remainder => left.checked_sub(floor()?.checked_mul(right)?),
        }
    }
}

/// Reads an expression from left to right; `rest` never begins with a space.
struct Parser<'text> {
    rest: &'text str,
    depth: usize,
}

impl Parser<'_> {
    /// `condition ? then : otherwise`, or what stands without a choice.
    fn choice(&mut self) -> Result<Expression, PluralFormsError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PluralFormsError::TooDeep { limit: MAX_DEPTH });
        }
        let mut expression = self.binary(0)?;
        if self.take("?") {
            let then = self.choice()?;
            self.expect(":")?;
            expression = Expression::Choice(Box::new([expression, then, self.choice()?]));
        }
        self.depth -= 1;
        Ok(expression)
    }

    /// Operators that bind more strongly than `weakest`, from left to right.
    fn binary(&mut self, weakest: u8) -> Result<Expression, PluralFormsError> {
        let mut left = self.unary()?;
        while let Some((symbol, operator, strength)) = self.operator().filter(|(_, _, strength)| *strength > weakest) {
            self.take(symbol);
            let right = self.binary(strength)?;
            left = Expression::Binary(operator, Box::new([left, right]));
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(&'static str, Operator, u8)> {
        OPERATORS.iter().find(|(symbol, _, _)| self.rest.starts_with(symbol)).copied()
    }

    fn unary(&mut self) -> Result<Expression, PluralFormsError> {
        let mut negations = 0_usize;
        while !self.rest.starts_with("!=") && self.take("!") {
            negations += 1;
        }
        let operand = self.operand()?;
        // Two more or less change nothing.
        let negations = if negations > 2 { 2 - negations % 2 } else { negations };
        Ok((0..negations).fold(operand, |operand, _| Expression::Not(Box::new(operand))))
    }

    fn operand(&mut self) -> Result<Expression, PluralFormsError> {
        if self.take("(") {
            let inside = self.choice()?;
            self.expect(")")?;
            return Ok(inside);
        }
        let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let end = self.rest.find(|letter| !is_of_word(letter)).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        let operand = match word {
            "n" => Expression::Count,
            _ if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                Expression::Number(word.parse().map_err(|_| self.unexpected())?)
            }
            _ => return Err(self.unexpected()),
        };
        self.skip(end);
        Ok(operand)
    }

    fn expect(&mut self, symbol: &str) -> Result<(), PluralFormsError> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn take(&mut self, symbol: &str) -> bool {
        let is_there = self.rest.starts_with(symbol);
        if is_there {
            self.skip(symbol.len());
        }
        is_there
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest[bytes..].trim_start();
    }

    fn unexpected(&self) -> PluralFormsError {
        match self.rest {
            "" => PluralFormsError::End,
            rest => PluralFormsError::Unexpected { found: rest.chars().take(20).collect() },
        }
    }
}

/// What is wrong with the plural forms of a gettext file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluralFormsError {
    /// There is no `plural=`.
    Missing,
    /// The expression has too many characters.
    TooLong {
        /// How many it may have.
        limit: usize,
    },
    /// The expression has too many parentheses and choices inside one another.
    TooDeep {
        /// How many it may have.
        limit: usize,
    },
    /// Something stands where gettext knows nothing of the kind.
    Unexpected {
        /// The text from there on.
        found: String,
    },
    /// The expression ends too early.
    End,
}

impl fmt::Display for PluralFormsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the plural forms say no `plural=`"),
            Self::TooLong { limit } => write!(f, "the plural expression has more than {limit} characters"),
            Self::TooDeep { limit } => write!(f, "the plural expression is more than {limit} levels deep"),
            Self::Unexpected { found } => {
                write!(f, "unexpected `{found}` in the plural expression, which has `n`, numbers and C's operators")
            }
            Self::End => f.write_str("the plural expression ends too early"),
        }
    }
}

impl std::error::Error for PluralFormsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(expression: &str) -> Result<PluralForms, PluralFormsError> {
        PluralForms::parse(&format!("nplurals=9; plural={expression};"))
    }

    #[test]
    fn expressions_have_the_values_that_c_gives_them() {
        #[rustfmt::skip]
        const CASES: &[(&str, i64, Option<usize>)] = &[
            ("0",                           7,        Some(0)),
            ("n",                           7,        Some(7)),
            ("n != 1",                      1,        Some(0)),
            ("n>1",                         2,        Some(1)),
            ("n+2*3",                       1,        Some(7)),
            ("(n+2)*3",                     1,        Some(9)),
            ("10-n-3",                      2,        Some(5)),
            ("n==1==1",                     1,        Some(1)),
            ("n==5==5",                     5,        Some(0)),
            ("!n",                          0,        Some(1)),
            ("!!n",                         5,        Some(1)),
            ("!!!!!n",                      5,        Some(0)),
            ("!n==1",                       0,        Some(1)),
            ("n&&2",                        5,        Some(1)),
            ("n||0",                        0,        Some(0)),
            ("n==0 || 10/n > 4",            0,        Some(1)),
            ("n ? 1 : n ? 2 : 3",           0,        Some(3)),
            ("n ? n>1 ? 5 : 4 : 3",         1,        Some(4)),
            ("n/0",                         1,        None),
            ("n%0",                         1,        None),
            ("n%10",                       -3,        Some(7)),
            ("n-5",                         1,        None),
            ("n*n",                         i64::MAX, None),
        ];
        for &(expression, count, expected) in CASES {
            assert_eq!(forms(expression).unwrap().form(count), expected, "{expression} of {count}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        #[rustfmt::skip]
        const CASES: &[(&str, &str)] = &[
            ("",         "ends too early"),
            ("n +",      "ends too early"),
            ("(n",       "ends too early"),
            ("n)",       "unexpected `)`"),
            ("n ? 1",    "ends too early"),
            ("x",        "unexpected `x`"),
            ("nn",       "unexpected `nn`"),
            ("10n",      "unexpected `10n`"),
            ("-n",       "unexpected `-n`"),
            ("n & 1",    "unexpected `& 1`"),
            ("n(1)",     "unexpected `(1)`"),
            ("99999999999999999999", "unexpected `99999"),
            ("__import__", "unexpected `__import__`"),
        ];
        for &(expression, expected) in CASES {
            let problem = forms(expression).unwrap_err().to_string();
            assert!(problem.contains(expected), "{expression:?}: {problem}");
        }
        assert_eq!(PluralForms::parse("nplurals=2"), Err(PluralFormsError::Missing));
    }

    #[test]
    fn an_expression_cannot_exhaust_the_stack() {
        for bomb in ["(".repeat(900), "n?".repeat(450), "n?1:".repeat(240), "n?n:(".repeat(190)] {
            assert_eq!(forms(&bomb), Err(PluralFormsError::TooDeep { limit: MAX_DEPTH }), "{bomb}");
        }
        assert_eq!(forms(&"n".repeat(2000)), Err(PluralFormsError::TooLong { limit: MAX_LENGTH }));
        assert_eq!(forms(&format!("n{}", "+n".repeat(400))).unwrap().form(1), Some(401));
        assert_eq!(forms(&format!("{}n", "!".repeat(901))).unwrap().form(0), Some(1));
    }

    #[test]
    fn the_default_is_the_germanic_one() {
        assert_eq!(Some(PluralForms::default()), forms("n != 1").ok());
    }
}
