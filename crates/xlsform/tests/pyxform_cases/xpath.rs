//! XPath 1.0 over the small XML tree, as the assertions need it.

use sampan_xpath::syntax::{self, Axis, Expr, ExprKind, NodeTest, Operator, Path, Start, Step};

use crate::xml::{Kind, Xml};

const PREFIXES: &[(&str, &str)] = &[
    ("h", "http://www.w3.org/1999/xhtml"),
    ("x", "http://www.w3.org/2002/xforms"),
    ("jr", "http://openrosa.org/javarosa"),
    ("orx", "http://openrosa.org/xforms"),
    ("odk", "http://www.opendatakit.org/xforms"),
    ("entities", "http://www.opendatakit.org/xforms/entities"),
    ("ev", "http://www.w3.org/2001/xml-events"),
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
];

#[derive(Debug, Clone)]
pub enum Value {
    Nodes(Vec<usize>),
    Text(String),
    Number(f64),
    Bool(bool),
}

#[derive(Clone, Copy)]
struct Context {
    node: usize,
    position: usize,
    size: usize,
}

pub fn evaluate(xml: &Xml, source: &str) -> Result<Value, String> {
    let expr = syntax::parse(source.trim()).map_err(|error| format!("{error} in {source}"))?;
    let run = Run { xml };
    run.value(
        &expr,
        Context {
            node: 0,
            position: 1,
            size: 1,
        },
    )
}

struct Run<'a> {
    xml: &'a Xml,
}

impl Run<'_> {
    fn value(&self, expr: &Expr, at: Context) -> Result<Value, String> {
        Ok(match &expr.what {
            ExprKind::Or(parts) => {
                for part in parts {
                    if self.truth(&self.value(part, at)?) {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
            ExprKind::And(parts) => {
                for part in parts {
                    if !self.truth(&self.value(part, at)?) {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            ExprKind::Chain(first, rest) => {
                let mut left = self.value(first, at)?;
                for (operator, right) in rest {
                    left = self.operate(left, *operator, self.value(right, at)?);
                }
                left
            }
            ExprKind::Negate(inner) => Value::Number(-self.number(&self.value(inner, at)?)),
            ExprKind::Union(parts) => {
                let mut nodes = Vec::new();
                for part in parts {
                    if let Value::Nodes(found) = self.value(part, at)? {
                        nodes.extend(found);
                    }
                }
                nodes.sort_unstable();
                nodes.dedup();
                Value::Nodes(nodes)
            }
            ExprKind::Number(number) => Value::Number(*number),
            ExprKind::Text(text) => Value::Text(text.clone()),
            ExprKind::Reference(_) | ExprKind::LastSaved(_) => return Err("a reference".into()),
            ExprKind::Call(name, arguments) => self.call(name, arguments, at)?,
            ExprKind::Path(path) => Value::Nodes(self.path(path, at)?),
        })
    }

    fn path(&self, path: &Path, at: Context) -> Result<Vec<usize>, String> {
        let mut nodes = match &path.start {
            Start::Here => vec![at.node],
            Start::Document => vec![0],
            Start::Expr(expr, predicates) => {
                let Value::Nodes(nodes) = self.value(expr, at)? else {
                    return Err("no nodes".into());
                };
                self.filter(nodes, predicates)?
            }
        };
        for step in &path.steps {
            let mut next = Vec::new();
            for node in nodes {
                next.extend(self.step(node, step)?);
            }
            next.sort_unstable();
            next.dedup();
            nodes = next;
        }
        Ok(nodes)
    }

    fn step(&self, node: usize, step: &Step) -> Result<Vec<usize>, String> {
        let own = &self.xml.nodes[node];
        let up = |node: usize| {
            std::iter::successors(Some(node), |at| (*at != 0).then(|| self.xml.nodes[*at].parent)).skip(1)
        };
        let siblings = || -> Vec<usize> {
            match node {
                0 => Vec::new(),
                _ => self.xml.nodes[own.parent].children.clone(),
            }
        };
        let mut down = Vec::new();
        let found: Vec<usize> = match step.axis {
            Axis::Child => own.children.clone(),
            Axis::Attribute => own.attributes.clone(),
            Axis::SelfAxis => vec![node],
            Axis::Parent => up(node).take(1).collect(),
            Axis::Ancestor => up(node).collect(),
            Axis::AncestorOrSelf => std::iter::once(node).chain(up(node)).collect(),
            Axis::Descendant => {
                self.descend(node, &mut down);
                down
            }
            Axis::DescendantOrSelf => {
                down.push(node);
                self.descend(node, &mut down);
                down
            }
            Axis::FollowingSibling => siblings().into_iter().filter(|other| *other > node).collect(),
            Axis::PrecedingSibling => siblings()
                .into_iter()
                .filter(|other| *other < node)
                .rev()
                .collect(),
            Axis::Namespace => own.namespaces.clone(),
            Axis::Following | Axis::Preceding => return Err("an axis".into()),
        };
        let is_attribute = matches!(step.axis, Axis::Attribute | Axis::Namespace);
        let mut tested = Vec::new();
        for node in found {
            if self.test(node, &step.test, is_attribute)? {
                tested.push(node);
            }
        }
        self.filter(tested, &step.predicates)
    }

    fn descend(&self, node: usize, found: &mut Vec<usize>) {
        for child in &self.xml.nodes[node].children {
            found.push(*child);
            self.descend(*child, found);
        }
    }

    fn test(&self, node: usize, test: &NodeTest, is_attribute: bool) -> Result<bool, String> {
        let name = match &self.xml.nodes[node].kind {
            Kind::Element(name) if !is_attribute => Some(name),
            Kind::Attribute(name, _) if is_attribute => Some(name),
            Kind::Document | Kind::Element(_) | Kind::Attribute(..) | Kind::Text(_) => None,
        };
        let uri = |prefix: &str| {
            PREFIXES
                .iter()
                .find(|(own, _)| *own == prefix)
                .map(|(_, uri)| *uri)
                .ok_or(format!("the prefix {prefix}"))
        };
        Ok(match test {
            NodeTest::Node => true,
            NodeTest::Text => matches!(self.xml.nodes[node].kind, Kind::Text(_)),
            NodeTest::Comment | NodeTest::Instruction(_) => false,
            NodeTest::AnyName => name.is_some(),
            NodeTest::AnyNameOf(prefix) => {
                let uri = uri(prefix)?;
                name.is_some_and(|name| name.uri == uri)
            }
            NodeTest::Name(written) => {
                let (uri, local) = match written.split_once(':') {
                    Some((prefix, local)) => (uri(prefix)?, local),
                    None => ("", written.as_str()),
                };
                name.is_some_and(|name| name.local == local && name.uri == uri)
            }
        })
    }

    fn filter(&self, mut nodes: Vec<usize>, predicates: &[Expr]) -> Result<Vec<usize>, String> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let at = Context {
                    node,
                    position: index + 1,
                    size,
                };
                let is_kept = match self.value(predicate, at)? {
                    Value::Number(number) => number == at.position as f64,
                    value => self.truth(&value),
                };
                if is_kept {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    fn call(&self, name: &str, arguments: &[Expr], at: Context) -> Result<Value, String> {
        let values: Vec<Value> = arguments
            .iter()
            .map(|argument| self.value(argument, at))
            .collect::<Result<_, _>>()?;
        let text = |place: usize| match values.get(place) {
            Some(value) => self.text(value),
            None => self.xml.string(at.node),
        };
        let first = || match values.first() {
            Some(Value::Nodes(nodes)) => nodes.first().copied(),
            Some(_) => None,
            None => Some(at.node),
        };
        let own_name = || match first().map(|node| &self.xml.nodes[node].kind) {
            Some(Kind::Element(name) | Kind::Attribute(name, _)) => name.clone(),
            _ => Default::default(),
        };
        Ok(match name {
            "not" => Value::Bool(!values.first().is_some_and(|value| self.truth(value))),
            "boolean" => Value::Bool(values.first().is_some_and(|value| self.truth(value))),
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "count" => match values.first() {
                Some(Value::Nodes(nodes)) => Value::Number(nodes.len() as f64),
                _ => return Err("count".into()),
            },
            "position" => Value::Number(at.position as f64),
            "last" => Value::Number(at.size as f64),
            "string" => Value::Text(text(0)),
            "number" => Value::Number(self.number(&Value::Text(text(0)))),
            "concat" => Value::Text(values.iter().map(|value| self.text(value)).collect()),
            "contains" => Value::Bool(text(0).contains(&text(1))),
            "starts-with" => Value::Bool(text(0).starts_with(&text(1))),
            "string-length" => Value::Number(text(0).chars().count() as f64),
            "normalize-space" => Value::Text(text(0).split_whitespace().collect::<Vec<_>>().join(" ")),
            "local-name" => Value::Text(own_name().local),
            "name" => Value::Text(own_name().written()),
            "namespace-uri" => Value::Text(own_name().uri),
            other => return Err(format!("the function {other}")),
        })
    }

    fn truth(&self, value: &Value) -> bool {
        match value {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Bool(value) => *value,
        }
    }

    fn text(&self, value: &Value) -> String {
        match value {
            Value::Nodes(nodes) => nodes
                .first()
                .map(|node| self.xml.string(*node))
                .unwrap_or_default(),
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
        }
    }

    fn number(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Bool(value) => f64::from(u8::from(*value)),
            Value::Nodes(_) | Value::Text(_) => self.text(value).trim().parse().unwrap_or(f64::NAN),
        }
    }

    fn operate(&self, left: Value, operator: Operator, right: Value) -> Value {
        let numbers = || (self.number(&left), self.number(&right));
        match operator {
            Operator::Equal => Value::Bool(self.same(&left, &right, true)),
            Operator::NotEqual => Value::Bool(self.same(&left, &right, false)),
            Operator::Less => Value::Bool(numbers().0 < numbers().1),
            Operator::LessOrEqual => Value::Bool(numbers().0 <= numbers().1),
            Operator::Greater => Value::Bool(numbers().0 > numbers().1),
            Operator::GreaterOrEqual => Value::Bool(numbers().0 >= numbers().1),
            Operator::Add => Value::Number(numbers().0 + numbers().1),
            Operator::Subtract => Value::Number(numbers().0 - numbers().1),
            Operator::Multiply => Value::Number(numbers().0 * numbers().1),
            Operator::Divide => Value::Number(numbers().0 / numbers().1),
            Operator::Modulo => Value::Number(numbers().0 % numbers().1),
        }
    }

    fn same(&self, left: &Value, right: &Value, wanted: bool) -> bool {
        match (left, right) {
            (Value::Bool(value), other) | (other, Value::Bool(value)) => {
                (*value == self.truth(other)) == wanted
            }
            (Value::Nodes(left), Value::Nodes(right)) => left.iter().any(|left| {
                right
                    .iter()
                    .any(|right| (self.xml.string(*left) == self.xml.string(*right)) == wanted)
            }),
            (Value::Nodes(nodes), other) | (other, Value::Nodes(nodes)) => nodes.iter().any(|node| {
                let own = Value::Text(self.xml.string(*node));
                self.same(&own, other, wanted)
            }),
            (Value::Number(_), _) | (_, Value::Number(_)) => {
                (self.number(left) == self.number(right)) == wanted
            }
            (Value::Text(left), Value::Text(right)) => (left == right) == wanted,
        }
    }
}
