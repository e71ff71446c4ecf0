//! Resolving location paths: plain ones become items at once, others are followed when they are evaluated.

use crate::functions::{self, Function};
use crate::program::compile::{Compiler, Scope};
use crate::program::condition::predicate_key;
use crate::program::op::{Op, PathOp, StartOp, StepOp, Test};
use crate::resolve::{Named, Namespace, NodeId};
use crate::syntax::{Axis, Expr, ExprKind, NodeTest, Path, Start, Step};

/// Stands for the document, which is around the root and no item itself.
const DOCUMENT: NodeId = NodeId(u32::MAX);

/// The instance id of the interview saved before.
const LAST_SAVED: &str = "__last-saved";

/// A path that is plain enough to be one item.
struct Plain {
    item: NodeId,
    /// Whether it leaves for the outside and comes back into a repeat.
    reenters_repeat: bool,
}

impl Compiler<'_> {
    pub(super) fn path(&mut self, path: &Path, at: usize, scope: &Scope) -> Op {
        if let Some(op) = self.context_itself(path, scope) {
            return op;
        }
        if matches!((&path.start, scope), (Start::Here, Scope::Row)) {
            return self.row_path(path, at);
        }
        if !self.names.is_open()
            && let Some(op) = self.last_saved(path).or_else(|| self.plain_path(path, scope))
        {
            return op;
        }
        self.walked_path(path, scope)
    }

    /// `.` alone.
    fn context_itself(&mut self, path: &Path, scope: &Scope) -> Option<Op> {
        let [step] = path.steps.as_slice() else {
            return None;
        };
        if path.start != Start::Here || !is_here(step) {
            return None;
        }
        Some(match scope {
            Scope::Own => {
                self.reads_self = true;
                Op::Own
            }
            Scope::Row => self.column("name"),
            Scope::Nodes(_) => Op::Context,
        })
    }

    /// In a choice filter a name is a column of the list.
    fn row_path(&mut self, path: &Path, at: usize) -> Op {
        let mut steps = path.steps.iter().skip_while(|step| is_here(step));
        if let (Some(step), None) = (steps.next(), steps.next())
            && let NodeTest::Name(name) = &step.test
            && step.predicates.is_empty()
        {
            match step.axis {
                Axis::Child => return self.column(name),
                Axis::Attribute => return self.column(&format!("@{name}")),
                _ => {}
            }
        }
        self.problem(
            at,
            "a choice filter can read columns of its list and answers, but no other paths from the row"
                .to_owned(),
            "Write a column by its name, and an answer as ${name}.".to_owned(),
        );
        Op::Text("".into())
    }

    /// A path that is one item. None if it is more than that.
    fn plain_path(&mut self, path: &Path, scope: &Scope) -> Option<Op> {
        let plain = self.plain_target(path, scope)?;
        // From `../../row/x` all rows are meant, even from inside one of them: that is a walk.
        if plain.reenters_repeat {
            None
        } else if path.steps.last().is_some_and(|step| step.axis == Axis::Child)
            && let Some(rows) = self.all_rows(plain.item)
        {
            Some(rows)
        } else {
            Some(self.target(plain.item))
        }
    }

    /// The item that an expression names, if it is a reference or a path of names only; wherever it is looked from.
    pub(super) fn named_item(&self, expr: &Expr, scope: &Scope) -> Option<NodeId> {
        match &expr.what {
            ExprKind::Reference(name) => match self.names.named(name) {
                Named::One(item) => Some(item),
                Named::Ambiguous(_) | Named::Unknown { .. } => None,
            },
            ExprKind::Path(path) => self.plain_target(path, scope).map(|plain| plain.item),
            _ if is_current(expr) => Some(self.place.node),
            _ => None,
        }
    }

    /// The item that a path of names and `..` only, without predicates, leads to.
    fn plain_target(&self, path: &Path, scope: &Scope) -> Option<Plain> {
        let (base, is_absolute) = match (&path.start, scope) {
            (Start::Document, _) => (DOCUMENT, true),
            (Start::Here, Scope::Own) => (self.place.node, false),
            (Start::Expr(expr, predicates), _) if predicates.is_empty() => match &expr.what {
                ExprKind::Reference(name) => {
                    // An unknown name is reported where the path is walked.
                    let Named::One(target) = self.names.named(name) else {
                        return None;
                    };
                    (target, true)
                }
                _ if is_current(expr) => (self.place.node, false),
                _ => return None,
            },
            _ => return None,
        };
        let mut node = base;
        let mut enters_repeat = false;
        for step in &path.steps {
            if !step.predicates.is_empty() {
                return None;
            }
            node = match (step.axis, &step.test) {
                (Axis::SelfAxis, NodeTest::Node) => node,
                (Axis::Parent, NodeTest::Node) if node != DOCUMENT => {
                    self.names.parent(node).unwrap_or(DOCUMENT)
                }
                (Axis::Child, NodeTest::Name(name)) => {
                    let child = self.child(node, name)?;
                    enters_repeat |= self.names.is_repeat(child);
                    child
                }
                _ => return None,
            };
        }
        let reenters_repeat = enters_repeat && !is_absolute;
        (node != DOCUMENT).then_some(Plain {
            item: node,
            reenters_repeat,
        })
    }

    fn walked_path(&mut self, path: &Path, scope: &Scope) -> Op {
        let open = self.names.is_open();
        let (start, mut places) = match &path.start {
            Start::Document => (StartOp::Document, (!open).then(|| vec![DOCUMENT])),
            Start::Here => match scope {
                Scope::Own | Scope::Row => (StartOp::Own, (!open).then(|| vec![self.place.node])),
                Scope::Nodes(places) => (StartOp::Context, places.clone()),
            },
            Start::Expr(expr, predicates) => {
                let (start, places) = self.start(expr, scope);
                let inside = Scope::Nodes(places.clone());
                let predicates = self.all(predicates, &inside);
                match start {
                    Op::Own if predicates.is_empty() => (StartOp::Own, places),
                    op => (StartOp::Op(op, predicates), places),
                }
            }
        };
        let mut steps = Vec::with_capacity(path.steps.len());
        for step in &path.steps {
            let reached = places.as_ref().map(|places| self.reach(places, step));
            if let (Some(before), Some(after), NodeTest::Name(name)) = (&places, &reached, &step.test)
                && after.is_empty()
                && !before.is_empty()
                && step.axis == Axis::Child
            {
                self.unknown_child(step.at, before, name);
            }
            places = reached;
            let predicates = self.all(&step.predicates, &Scope::Nodes(places.clone()));
            let key = predicates.first().and_then(predicate_key);
            steps.push(StepOp {
                axis: step.axis,
                test: self.test(step),
                predicates,
                key,
            });
            let items = places.iter().flatten().filter(|place| **place != DOCUMENT);
            for place in items.filter(|place| self.names.is_repeat(**place)) {
                self.dependencies.insert(*place);
            }
        }
        for place in places.into_iter().flatten().filter(|place| *place != DOCUMENT) {
            if place == self.place.node {
                self.reads_self = true;
                self.reads_own_rows = true;
            } else {
                self.depend(place);
            }
        }
        // The answers are walked, not only the lists and files.
        self.looks_around |= !matches!(start, StartOp::Op(Op::Instance(_), _));
        Op::Path(Box::new(PathOp { start, steps }))
    }

    /// The beginning of a path that is an expression, and the items it can be.
    fn start(&mut self, expr: &Expr, scope: &Scope) -> (Op, Option<Vec<NodeId>>) {
        if is_current(expr) {
            return (Op::Own, (!self.names.is_open()).then(|| vec![self.place.node]));
        }
        let op = self.expr(expr, scope);
        if let (ExprKind::Reference(name), Op::Path(_)) = (&expr.what, &op)
            && let Named::One(target) = self.names.named(name)
        {
            return (op, Some(vec![target]));
        }
        let places = match &op {
            Op::One(target) | Op::All(target) => Some(vec![*target]),
            Op::Own if !self.names.is_open() => Some(vec![self.place.node]),
            Op::Context => match scope {
                Scope::Nodes(places) => places.clone(),
                Scope::Own | Scope::Row => None,
            },
            _ => None,
        };
        (op, places)
    }

    /// The items that a step can reach from any of some items.
    fn reach(&self, places: &[NodeId], step: &Step) -> Vec<NodeId> {
        let mut reached: Vec<NodeId> = Vec::new();
        for place in places {
            for candidate in self.along(*place, step.axis) {
                if self.meets(candidate, &step.test) && !reached.contains(&candidate) {
                    reached.push(candidate);
                }
            }
        }
        reached
    }

    fn along(&self, place: NodeId, axis: Axis) -> Vec<NodeId> {
        let ancestors = || {
            let mut chain = Vec::new();
            let mut next = self.above(place);
            while let Some(node) = next {
                chain.push(node);
                next = self.above(node);
            }
            chain
        };
        match axis {
            Axis::SelfAxis => vec![place],
            Axis::Parent => self.above(place).into_iter().collect(),
            Axis::Child => self.below(place),
            Axis::Ancestor => ancestors(),
            Axis::AncestorOrSelf => std::iter::once(place).chain(ancestors()).collect(),
            Axis::Descendant => self.descendants(place),
            Axis::DescendantOrSelf => std::iter::once(place).chain(self.descendants(place)).collect(),
            Axis::FollowingSibling | Axis::PrecedingSibling => self
                .above(place)
                .map_or_else(Vec::new, |parent| self.below(parent)),
            Axis::Following | Axis::Preceding => self.descendants(DOCUMENT),
            Axis::Attribute | Axis::Namespace => Vec::new(),
        }
    }

    fn above(&self, node: NodeId) -> Option<NodeId> {
        if node == DOCUMENT {
            None
        } else {
            Some(self.names.parent(node).unwrap_or(DOCUMENT))
        }
    }

    fn below(&self, node: NodeId) -> Vec<NodeId> {
        if node == DOCUMENT {
            vec![self.names.root()]
        } else {
            self.names.children(node)
        }
    }

    fn descendants(&self, node: NodeId) -> Vec<NodeId> {
        let mut all = Vec::new();
        let mut waiting = self.below(node);
        while let Some(next) = waiting.pop() {
            all.push(next);
            waiting.extend(self.names.children(next));
        }
        all.sort_unstable();
        all
    }

    fn child(&self, node: NodeId, name: &str) -> Option<NodeId> {
        if node == DOCUMENT {
            return Some(self.names.root()).filter(|root| self.names.name(*root) == name);
        }
        self.names.child(node, name)
    }

    fn meets(&self, node: NodeId, test: &NodeTest) -> bool {
        match test {
            NodeTest::Name(name) => node != DOCUMENT && self.names.name(node) == name,
            NodeTest::AnyName => node != DOCUMENT,
            NodeTest::AnyNameOf(prefix) => {
                node != DOCUMENT
                    && self
                        .names
                        .name(node)
                        .split_once(':')
                        .is_some_and(|(found, _)| found == prefix)
            }
            NodeTest::Node | NodeTest::Text => true,
            NodeTest::Comment | NodeTest::Instruction(_) => false,
        }
    }

    /// The test of a step, with its prefix looked up.
    fn test(&mut self, step: &Step) -> Test {
        match &step.test {
            NodeTest::Name(name) => match name.split_once(':') {
                Some((prefix, local)) => match self.prefix(prefix, step.at) {
                    Some(namespace) => Test::NameIn {
                        namespace: namespace.into(),
                        local: local.into(),
                    },
                    None => Test::Name(name.as_str().into()),
                },
                None => Test::Name(name.as_str().into()),
            },
            NodeTest::AnyNameOf(prefix) => match self.prefix(prefix, step.at) {
                Some(namespace) => Test::AnyIn(namespace.into()),
                None => Test::AnyWithPrefix(prefix.as_str().into()),
            },
            NodeTest::AnyName => Test::AnyName,
            NodeTest::Node => Test::Node,
            NodeTest::Text => Test::Text,
            NodeTest::Comment => Test::Comment,
            NodeTest::Instruction(target) => Test::Instruction(target.as_deref().map(Box::from)),
        }
    }

    /// The namespace of a prefix; None where names are compared as written.
    fn prefix(&mut self, prefix: &str, at: usize) -> Option<String> {
        match self.names.namespace(prefix)? {
            Namespace::Is(namespace) => Some(namespace),
            Namespace::Unknown => {
                let advice = "Declare its namespace, or correct the prefix.".to_owned();
                self.problem(at, format!("the prefix {prefix} is not declared"), advice);
                None
            }
        }
    }

    /// `instance('__last-saved')/form/group/question`: what was answered in the interview before.
    fn last_saved(&mut self, path: &Path) -> Option<Op> {
        let Start::Expr(expr, predicates) = &path.start else {
            return None;
        };
        if !predicates.is_empty() || !is_last_saved(expr) {
            return None;
        }
        let absolute = Path {
            start: Start::Document,
            steps: path.steps.clone(),
        };
        let plain = self.plain_target(&absolute, &Scope::Own)?;
        self.reads_chance = true;
        Some(Op::LastSaved(plain.item))
    }

    fn unknown_child(&mut self, at: usize, before: &[NodeId], name: &str) {
        let around = match before {
            [DOCUMENT] => {
                "the form, whose outermost name is ".to_owned() + self.names.name(self.names.root())
            }
            [only] => self.names.name(*only).to_owned(),
            _ => "the items before".to_owned(),
        };
        let message = format!("nothing named {name} is inside {around}");
        let advice = match name {
            "null" | "None" | "NULL" | "nil" => "Write '' for no value.".to_owned(),
            "true" | "True" | "false" | "False" | "yes" | "no" => {
                format!("Write true() or false(), or '{name}' if it is the name of a choice.")
            }
            name => {
                format!("Write ${{{name}}} if it is a question of this form, or '{name}' if it is a text.")
            }
        };
        self.problem(at, message, advice);
    }
}

fn is_here(step: &Step) -> bool {
    step.axis == Axis::SelfAxis && step.test == NodeTest::Node && step.predicates.is_empty()
}

fn is_last_saved(expr: &Expr) -> bool {
    match &expr.what {
        ExprKind::Call(name, arguments) => {
            name == "instance"
                && matches!(arguments.as_slice(), [Expr { what: ExprKind::Text(id), .. }] if id == LAST_SAVED)
        }
        _ => false,
    }
}

fn is_current(expr: &Expr) -> bool {
    match &expr.what {
        ExprKind::Call(name, arguments) => {
            arguments.is_empty()
                && functions::named(name).is_some_and(|signature| signature.function == Function::Current)
        }
        _ => false,
    }
}
