//! Asks question by question. The next question is written only after the last answer is on the disk.

use sampan_client_core::api::{
    AnswerInput, ChoiceView, FinishView, PlaceRef, QuestionView, ScreenView, Stop,
};
use sampan_client_core::error::ClientError;
use sampan_client_core::interviewing::OpenInterview;

use crate::device::Device;
use crate::failure::Failure;
use crate::interviewing::choosing::{self, Meant};
use crate::interviewing::page::{self, Much};
use crate::interviewing::problem_line;
use crate::interviewing::typed::{self, Typed};
use crate::listing;
use crate::terminal::{Terminal, harmless};
use crate::words;

/// How the asking ended.
pub enum End {
    /// The interview is finished.
    Finished(FinishView),
    /// It is saved, and goes on another time.
    Saved {
        /// Whether there was nothing more to read.
        input_ended: bool,
    },
}

/// Which way the person goes through the interview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    On,
    Back,
}

/// Asks one interview.
pub struct Asker<'a> {
    terminal: &'a mut Terminal,
    device: &'a Device,
    open: OpenInterview,
    /// The question of the screen that is asked; None = the first, or the last on the way back.
    at: Option<PlaceRef>,
    way: Way,
    /// The question that was shown last, to ask it again without its choices.
    shown: Option<PlaceRef>,
    heading: String,
    /// The choices that stand above, in a table.
    table: Vec<ChoiceView>,
}

impl<'a> Asker<'a> {
    /// Asks from where the interview stands; on a screen with several questions from the first, or from the first
    /// without an answer.
    pub fn new(
        terminal: &'a mut Terminal,
        device: &'a Device,
        open: OpenInterview,
        begins_at_open: bool,
    ) -> Asker<'a> {
        let screen = open.screen().ok().filter(|_| begins_at_open);
        let at = screen.and_then(|screen| {
            screen
                .questions
                .into_iter()
                .find(|question| question.role == "ask" && question.relevant && question.answer.is_none())
        });
        Asker {
            terminal,
            device,
            open,
            at: at.map(|question| question.at),
            way: Way::On,
            shown: None,
            heading: String::new(),
            table: Vec::new(),
        }
    }

    /// Asks until it is finished or left; the interview comes back (closed, unless it was a trial).
    pub fn run(mut self) -> Result<(End, OpenInterview), Failure> {
        loop {
            let screen = self.open.screen()?;
            let end = match screen.stop {
                Stop::Questions => self.questions(&screen)?,
                Stop::AddRow => self.add_row(&screen)?,
                Stop::End => self.end(&screen)?,
            };
            if let Some(end) = end {
                return Ok((end, self.open));
            }
        }
    }

    fn questions(&mut self, screen: &ScreenView) -> Result<Option<End>, Failure> {
        let questions: Vec<&QuestionView> = screen
            .questions
            .iter()
            .filter(|question| question.relevant && question.role != "hidden")
            .collect();
        let index = match (&self.at, self.way) {
            (Some(at), _) => questions.iter().position(|question| question.at == *at),
            (None, Way::On) => Some(0),
            (None, Way::Back) => questions.len().checked_sub(1),
        };
        let Some((index, question)) = index.and_then(|index| Some((index, *questions.get(index)?))) else {
            // What stood here is not asked any more.
            self.at = None;
            match self.way {
                Way::On => self.leave_screen(screen)?,
                Way::Back => self.screen_back(screen)?,
            }
            return Ok(None);
        };
        let next = questions.get(index + 1).map(|question| question.at.clone());
        let previous = index
            .checked_sub(1)
            .and_then(|index| questions.get(index))
            .map(|question| question.at.clone());
        if question.role == "note" || question.read_only {
            if self.way == Way::On {
                if !self.heading(screen)? {
                    self.terminal.line("")?;
                }
                page::note(self.terminal, question)?;
            }
            match self.way {
                Way::On => self.step_on(screen, next)?,
                Way::Back => self.step_back(screen, previous)?,
            }
            return Ok(None);
        }
        self.way = Way::On;
        self.at = Some(question.at.clone());
        self.show(screen, question)?;
        let Some(line) = self.read()? else {
            return self.save(true).map(Some);
        };
        match typed::read(&line) {
            Typed::Pass => self.step_on(screen, next)?,
            Typed::Back => self.step_back(screen, previous)?,
            Typed::Answer(text) => {
                if let Some(input) = self.meant(question, &text)? {
                    self.answer(screen, question, &input, next)?;
                }
            }
            Typed::Missing(word) => {
                self.answer(screen, question, &AnswerInput::Missing(word.to_owned()), next)?;
            }
            Typed::Clear => match self.open.answer(&question.at, &AnswerInput::Clear) {
                Ok(_) => self.shown = None,
                Err(error) => self.refused(error)?,
            },
            Typed::Sure => match self.open.confirm(&question.at) {
                Ok(_) => self.terminal.line("  Confirmed.")?,
                Err(error) => self.refused(error)?,
            },
            Typed::Remove => self.remove(screen, question)?,
            Typed::Done => self.done(question)?,
            Typed::Comment(text) => match self.open.comment(Some(&question.at), None, &text) {
                Ok(_) => self.terminal.line("  The comment is saved.")?,
                Err(error) => self.refused(error)?,
            },
            Typed::Save => return self.save(false).map(Some),
            other => self.common(other, Some(question))?,
        }
        Ok(None)
    }

    /// Writes heading and question, or only its text when it stands right above.
    fn show(&mut self, screen: &ScreenView, question: &QuestionView) -> Result<(), Failure> {
        let is_new_heading = self.heading(screen)?;
        let places = self.open.places()?;
        let number = places
            .iter()
            .position(|at| *at == question.at)
            .map_or(1, |index| index + 1);
        let progress = format!("{number} of {}", places.len());
        let much = if self.shown.as_ref() == Some(&question.at) {
            Much::Text
        } else if screen.is_table && !question.choices.is_empty() && self.table == question.choices {
            Much::NoChoices
        } else {
            Much::All
        };
        if much == Much::All {
            self.table.clone_from(&question.choices);
        }
        if much != Much::Text && !is_new_heading {
            self.terminal.line("")?;
        }
        page::question(self.terminal, self.device, question, &progress, much)?;
        self.shown = Some(question.at.clone());
        Ok(())
    }

    /// Writes the groups and rows around, if they are not those of the question before. Says whether it did.
    fn heading(&mut self, screen: &ScreenView) -> Result<bool, Failure> {
        let heading = listing::headings(&screen.headings);
        let is_new = heading != self.heading;
        if is_new {
            self.terminal.line("")?;
            if !heading.is_empty() {
                self.terminal.line(self.terminal.strong(&heading))?;
            }
            self.heading = heading;
            self.table.clear();
        }
        Ok(is_new)
    }

    fn read(&mut self) -> Result<Option<String>, Failure> {
        if self.terminal.asks_a_person {
            self.terminal.part("> ")?;
        }
        let line = self.terminal.read()?;
        if line.is_none() && self.terminal.asks_a_person {
            self.terminal.line("")?;
        }
        Ok(line)
    }

    /// What a text means at a question; None when it means nothing, which is said.
    fn meant(&mut self, question: &QuestionView, text: &str) -> Result<Option<AnswerInput>, Failure> {
        let is_choosing = matches!(question.kind.as_str(), "choice" | "choices");
        if !is_choosing {
            return Ok(Some(AnswerInput::Text(text.to_owned())));
        }
        if question.choices.is_empty() {
            self.complain("There is nothing to choose from here; pass by, or look at the answers before.")?;
            return Ok(None);
        }
        match choosing::meant(&question.choices, text, question.kind == "choices") {
            Meant::Names(names) => {
                self.terminal.line(format!(
                    "  › {}",
                    self.terminal.good(&page::labels(question, &names))
                ))?;
                Ok(Some(AnswerInput::Text(names.join(" "))))
            }
            Meant::OneOf(which) => {
                self.terminal.line("  Which of these?")?;
                page::choices(self.terminal, question, &which)?;
                Ok(None)
            }
            Meant::Nothing(word) => {
                self.complain(&format!(
                    "There is no choice “{}”. Type the number, the name or a part of the text of one above.",
                    harmless(&word)
                ))?;
                if question.choices.len() > 1 && self.table != question.choices {
                    self.shown = None;
                }
                Ok(None)
            }
        }
    }

    fn answer(
        &mut self,
        screen: &ScreenView,
        question: &QuestionView,
        input: &AnswerInput,
        next: Option<PlaceRef>,
    ) -> Result<(), Failure> {
        match self.open.answer(&question.at, input) {
            Ok(view) if !view.doubt.is_empty() => {
                let way = match view.confirmed {
                    true => "It was confirmed.",
                    false => "The answer is kept; < goes back to it, and :sure confirms it there.",
                };
                self.complain(&format!("{} {way}", view.doubt))?;
            }
            Ok(_) => {}
            Err(error) => return self.refused(error),
        }
        // What was answered may have changed what else is asked on this screen.
        let fresh = self.open.screen()?;
        let next = fresh
            .questions
            .iter()
            .position(|other| other.at == question.at)
            .map_or(next, |index| {
                fresh.questions.get(index + 1).map(|other| other.at.clone())
            });
        self.step_on(screen, next)
    }

    fn step_on(&mut self, screen: &ScreenView, next: Option<PlaceRef>) -> Result<(), Failure> {
        self.way = Way::On;
        match next {
            Some(next) => {
                self.at = Some(next);
                Ok(())
            }
            None => self.leave_screen(screen),
        }
    }

    /// To the next screen, unless something is missing on this one; then to that.
    fn leave_screen(&mut self, screen: &ScreenView) -> Result<(), Failure> {
        match self.open.next() {
            Ok(_) => {
                self.at = None;
                Ok(())
            }
            Err(ClientError::Refused { message, .. }) => {
                self.complain(&message)?;
                let problems = self.open.problems()?;
                let first = screen.questions.iter().find(|question| {
                    problems
                        .iter()
                        .any(|problem| problem.blocks && problem.at == question.at)
                });
                self.at = first.map(|question| question.at.clone());
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn step_back(&mut self, screen: &ScreenView, previous: Option<PlaceRef>) -> Result<(), Failure> {
        self.way = Way::Back;
        self.shown = None;
        match previous {
            Some(previous) => {
                self.at = Some(previous);
                Ok(())
            }
            None => self.screen_back(screen),
        }
    }

    fn screen_back(&mut self, screen: &ScreenView) -> Result<(), Failure> {
        let before = self.open.back()?;
        self.at = None;
        if before == *screen {
            self.way = Way::On;
            self.terminal.line("  This is the beginning.")?;
        }
        Ok(())
    }

    fn add_row(&mut self, screen: &ScreenView) -> Result<Option<End>, Failure> {
        let Some(repeat) = &screen.add_row_at else {
            self.leave_screen(screen)?;
            return Ok(None);
        };
        if self.way == Way::Back {
            self.screen_back(screen)?;
            return Ok(None);
        }
        if !self.heading(screen)? {
            self.terminal.line("")?;
        }
        let n_rows = u64::try_from(self.open.rows(repeat)?.len()).unwrap_or(u64::MAX);
        let label = harmless(&screen.add_row_label);
        let label = if label.is_empty() { "row".to_owned() } else { label };
        let ask = if n_rows == 0 {
            format!("Is there a “{label}”? y adds one, Enter goes on")
        } else {
            format!(
                "Another “{label}”? There {} already. y adds one, Enter goes on",
                rows(n_rows)
            )
        };
        self.terminal.line(self.terminal.strong(&ask))?;
        let Some(line) = self.read()? else {
            return self.save(true).map(Some);
        };
        match typed::read(&line) {
            Typed::Pass => self.leave_screen(screen)?,
            Typed::Back => self.screen_back_from_here(screen)?,
            Typed::Save => return self.save(false).map(Some),
            Typed::Answer(text) => match text.to_lowercase().as_str() {
                "y" | "yes" | "1" | "+" => match self.open.add_row(repeat) {
                    Ok(_) => self.at = None,
                    Err(error) => self.refused(error)?,
                },
                "n" | "no" | "0" => self.leave_screen(screen)?,
                _ => self.complain("Type y for one more, or Enter to go on.")?,
            },
            other => self.common(other, None)?,
        }
        Ok(None)
    }

    fn screen_back_from_here(&mut self, screen: &ScreenView) -> Result<(), Failure> {
        self.way = Way::Back;
        self.shown = None;
        self.screen_back(screen)
    }

    /// The end: what stands in the way, or finishing.
    fn end(&mut self, screen: &ScreenView) -> Result<Option<End>, Failure> {
        self.way = Way::On;
        self.heading.clear();
        let problems = self.open.problems()?;
        let blocking: Vec<_> = problems.iter().filter(|problem| problem.blocks).collect();
        self.terminal.line("")?;
        let progress = format!("The end: {} of {} answered.", screen.n_answered, screen.n_asked);
        self.terminal.line(self.terminal.strong(&progress))?;
        for doubtful in problems.iter().filter(|problem| !problem.blocks) {
            self.terminal.line(problem_line(doubtful))?;
        }
        let leave = match self.open.is_trial() {
            true => "s = end the preview, nothing is kept",
            false => "s = save and finish later",
        };
        if blocking.is_empty() {
            let line = format!("Nothing is missing. f = finish, {leave}, < = back");
            self.terminal.line(line)?;
        } else {
            let n = u64::try_from(blocking.len()).unwrap_or(u64::MAX);
            self.terminal.line(format!(
                "{} in the way of finishing:",
                words::count(n, "thing stands", "things stand")
            ))?;
            for (index, problem) in blocking.iter().enumerate() {
                self.terminal
                    .line(format!("  {} {}", index + 1, problem_line(problem).trim_start()))?;
            }
            self.terminal
                .line(format!("Enter or a number = go there, {leave}, < = back"))?;
        }
        let Some(line) = self.read()? else {
            return self.save(true).map(Some);
        };
        match typed::read(&line) {
            Typed::Back => self.screen_back_from_here(screen)?,
            Typed::Save => return self.save(false).map(Some),
            Typed::Pass => {
                if let Some(problem) = blocking.first() {
                    self.go(&problem.at.clone())?;
                }
            }
            Typed::Answer(text) => match text.to_lowercase().as_str() {
                "s" | "save" => return self.save(false).map(Some),
                "f" | "finish" => {
                    let finish = self.open.finish()?;
                    if finish.is_finished {
                        return Ok(Some(End::Finished(finish)));
                    }
                }
                text => {
                    let number = words::plain_digits(text).parse::<usize>().ok();
                    let problem = number
                        .and_then(|number| number.checked_sub(1))
                        .and_then(|index| blocking.get(index));
                    match problem {
                        Some(problem) => self.go(&problem.at.clone())?,
                        None => self.complain("Type one of the letters above.")?,
                    }
                }
            },
            other => self.common(other, None)?,
        }
        Ok(None)
    }

    /// Commands that mean the same everywhere.
    fn common(&mut self, typed: Typed, question: Option<&QuestionView>) -> Result<(), Failure> {
        match typed {
            Typed::Goto(name) => self.goto(&name, question)?,
            Typed::Open => {
                self.open.goto_first_open()?;
                self.at = None;
            }
            Typed::End => {
                self.open.goto_end()?;
                self.at = None;
            }
            Typed::Comment(text) => match self.open.comment(None, None, &text) {
                Ok(_) => self.terminal.line("  The comment on the interview is saved.")?,
                Err(error) => self.refused(error)?,
            },
            Typed::Comments => self.comments()?,
            Typed::Problems => {
                let problems = self.open.problems()?;
                for problem in &problems {
                    self.terminal.line(problem_line(problem))?;
                }
                if problems.is_empty() {
                    self.terminal.line("  Nothing stands in the way of finishing.")?;
                }
            }
            Typed::Help => self.terminal.line(typed::HELP)?,
            Typed::Language(wanted) => self.language(wanted.as_deref())?,
            Typed::Unknown(text) => self.complain(&format!(
                "There is no command “{}”; :help lists them. An answer that begins with a colon is written with two",
                harmless(&text)
            ))?,
            Typed::Pass
            | Typed::Back
            | Typed::Answer(_)
            | Typed::Missing(_)
            | Typed::Clear
            | Typed::Sure
            | Typed::Done
            | Typed::Remove
            | Typed::Save => self.complain("That goes only at a question.")?,
        }
        Ok(())
    }

    /// To a question by name: in the same row first, then anywhere.
    fn goto(&mut self, name: &str, question: Option<&QuestionView>) -> Result<(), Failure> {
        let beside = question
            .and_then(|question| question.at.0.rsplit_once('/'))
            .map(|(around, _)| PlaceRef(format!("{around}/{name}")));
        for place in beside.into_iter().chain([PlaceRef(name.to_owned())]) {
            match self.open.goto(&place) {
                Ok(screen) => {
                    self.at = screen
                        .questions
                        .iter()
                        .find(|question| question.at == place || question.name == name)
                        .map(|question| question.at.clone());
                    self.way = Way::On;
                    self.shown = None;
                    return Ok(());
                }
                Err(ClientError::NoPlace { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.complain(&format!(
            "There is no question “{}”, or several are called so; write its place as `sampan show` does.",
            harmless(name)
        ))
    }

    fn go(&mut self, at: &PlaceRef) -> Result<(), Failure> {
        self.open.goto(at)?;
        self.at = Some(at.clone());
        self.shown = None;
        Ok(())
    }

    fn comments(&mut self) -> Result<(), Failure> {
        let comments = self.open.comments()?;
        let open: Vec<_> = comments.iter().filter(|comment| !comment.is_resolved).collect();
        for comment in &open {
            let at = comment.at.as_ref().map_or("the interview", |at| at.0.as_str());
            self.terminal.line(format!("  {at}"))?;
            self.terminal
                .line(listing::comment_line(self.terminal, self.device, comment))?;
        }
        self.terminal.line(if open.is_empty() {
            "  No comment is open."
        } else {
            "  :goto PLACE goes to one; :done there says that it is dealt with."
        })?;
        Ok(())
    }

    fn done(&mut self, question: &QuestionView) -> Result<(), Failure> {
        let mut n_done = 0;
        for comment in question.comments.iter().filter(|comment| !comment.is_resolved) {
            self.open.resolve_comment(&comment.comment)?;
            n_done += 1;
        }
        self.terminal.line(match n_done {
            0 => "  No comment is open here.".to_owned(),
            n => format!("  {} dealt with.", words::count(n, "comment is", "comments are")),
        })?;
        Ok(())
    }

    fn language(&mut self, wanted: Option<&str>) -> Result<(), Failure> {
        match wanted {
            Some(wanted) if self.open.set_language(wanted) => {
                self.heading.clear();
                self.table.clear();
                self.shown = None;
            }
            Some(_) | None => {
                let languages = self.open.languages().join(", ");
                self.terminal.line(format!(
                    "  Now {}; this form has: {}",
                    harmless(&self.open.language()),
                    harmless(&languages)
                ))?;
            }
        }
        Ok(())
    }

    /// Removes the row that the question stands in, after asking.
    fn remove(&mut self, screen: &ScreenView, question: &QuestionView) -> Result<(), Failure> {
        let row = screen
            .headings
            .iter()
            .rev()
            .find(|heading| heading.row_number.is_some());
        let Some(row) = row.filter(|row| question.at.0.starts_with(row.at.0.as_str())) else {
            return self.complain("This question stands in no row.");
        };
        let name = listing::headings(std::slice::from_ref(row));
        self.terminal
            .line(format!("  Remove {name} with all its answers? y = yes"))?;
        let typed = self.read()?.unwrap_or_default();
        if !matches!(typed.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        match self.open.remove_row(&row.at) {
            Ok(()) => {
                self.at = None;
                self.shown = None;
                Ok(())
            }
            Err(error) => self.refused(error),
        }
    }

    /// Says why something was not taken; anything but a refusal ends the asking.
    fn refused(&mut self, error: ClientError) -> Result<(), Failure> {
        match error {
            ClientError::Refused { message, .. } => self.complain(&message),
            ClientError::NoPlace { .. } => self.complain("That is not there any more."),
            error => Err(error.into()),
        }
    }

    fn complain(&mut self, message: &str) -> Result<(), Failure> {
        let message = words::sentence(&harmless(message));
        self.terminal
            .line(self.terminal.warning(&format!("  ! {message}")))?;
        Ok(())
    }

    fn save(&mut self, input_ended: bool) -> Result<End, Failure> {
        self.open.pause()?;
        Ok(End::Saved { input_ended })
    }
}

fn rows(n: u64) -> String {
    match n {
        1 => "is one".into(),
        n => format!("are {n}"),
    }
}
