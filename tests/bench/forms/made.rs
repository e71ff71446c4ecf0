//! Forms made for the measurements: a large one, repeats whose rows read each other, choices from long files.

use sampan_acceptance::sheet;
use sampan_record::ids::RowId;
use sampan_record::path::{AnswerPath, QuestionPath};

use crate::forms::walk::Walk;
use crate::machine::Stopwatch;

/// Rows of a long repeat.
pub const N_ROWS: usize = 1_000;

/// Rows inside one outer row of the nested repeat.
const N_INNER: usize = 50;

/// Villages, and districts that they lie in.
const N_VILLAGES: usize = 16_000;
const N_DISTRICTS: usize = 400;

/// Questions of the large form.
const N_QUESTIONS: usize = 3_000;

/// How rows come into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    Added,
    Counted,
    Nested,
}

/// A form with one long repeat `rep` (nested: `outer/rep`) in which `x` is asked; `limit` is asked before it.
#[derive(Debug)]
pub struct Scenario {
    /// Its word for processes.
    pub name: &'static str,
    /// For the table.
    pub words: &'static str,
    rows: Rows,
    /// Lines of Markdown in the repeat, type, name, label, relevant, calculation, constraint, choice_filter.
    inside: &'static str,
    /// Lines behind the repeat.
    behind: &'static str,
}

/// The repeats that are measured.
pub const REPEATS: &[Scenario] = &[
    Scenario {
        name: "plain",
        words: "nothing reads them",
        rows: Rows::Added,
        inside: "",
        behind: "",
    },
    Scenario {
        name: "totals",
        words: "sum, count, max, min, join and a count with a condition behind the repeat",
        rows: Rows::Added,
        inside: "| | calculate | double | | | ${x} * 2 | | |\n",
        behind: "| | calculate | a | | | sum(${x}) | | |\n| | calculate | b | | | count(${rep}) | | |\n\
                 | | calculate | c | | | max(${double}) - min(${x}) | | |\n| | calculate | d | | | join(' ', ${x}) | | |\n\
                 | | calculate | e | | | count(${rep}[./x > 20]) | | |\n",
    },
    Scenario {
        name: "positions",
        words: "each knows its number",
        rows: Rows::Added,
        inside: "| | calculate | place | | | position(..) | | |\n\
                 | | note | told | Number ${place} | position(..) > 500 | | | |\n",
        behind: "",
    },
    Scenario {
        name: "previous",
        words: "each reads the row before by indexed-repeat",
        rows: Rows::Added,
        inside: "| | calculate | change | | | if(position(..) > 1, ${x} - indexed-repeat(${x}, ${rep}, position(..) - 1), 0) | | |\n",
        behind: "",
    },
    Scenario {
        name: "running",
        words: "a running total, each from the one before",
        rows: Rows::Added,
        inside: "| | calculate | total | | | if(position(..) > 1, indexed-repeat(${total}, ${rep}, position(..) - 1), 0) + coalesce(${x}, 0) | | |\n",
        behind: "",
    },
    Scenario {
        name: "share",
        words: "each its share of the total behind the repeat",
        rows: Rows::Added,
        inside: "| | calculate | share | | | ${x} div ${total} | | |\n",
        behind: "| | calculate | total | | | sum(${x}) | | |\n",
    },
    Scenario {
        name: "aggregates",
        words: "each adds up and counts all rows itself",
        rows: Rows::Added,
        inside: "| | calculate | share | | | ${x} div sum(../../rep/x) | | |\n\
                 | | calculate | left | | | count(../../rep) - position(..) | | |\n",
        behind: "",
    },
    Scenario {
        name: "ranks",
        words: "each counts the rows with a larger number",
        rows: Rows::Added,
        inside: "| | calculate | rank | | | count(../../rep[x > current()/../x]) + 1 | | |\n",
        behind: "",
    },
    Scenario {
        name: "relevance",
        words: "relevance in rows from the row and from an answer outside, groups inside",
        rows: Rows::Added,
        inside: "| | begin group | g | | ${x} > ${limit} | | | |\n| | integer | y | Y | ${x} > 5 | | | |\n\
                 | | begin group | h | | ${y} > 3 | | | |\n| | integer | z | Z | | | | |\n| | end group | | | | | | |\n\
                 | | end group | | | | | | |\n",
        behind: "| | calculate | n_z | | | count(${rep}[./g/h/z > 1]) | | |\n| | calculate | all_y | | | sum(${y}) | | |\n",
    },
    Scenario {
        name: "unique",
        words: "a constraint that looks through all rows",
        rows: Rows::Added,
        inside: "| | text | code | Code | | | count(../../rep[code = current()/.]) <= 1000 | |\n",
        behind: "",
    },
    Scenario {
        name: "filters",
        words: "choices filtered by the row and by a total of all rows",
        rows: Rows::Added,
        inside: "| | select_one l | pick | Pick | | | | n <= ${x} or n > ${total} |\n",
        behind: "| | calculate | total | | | sum(${x}) | | |\n",
    },
    Scenario {
        name: "counted",
        words: "rows counted by an answer, with a total",
        rows: Rows::Counted,
        inside: "| | calculate | place | | | position(..) | | |\n",
        behind: "| | calculate | total | | | sum(${x}) | | |\n",
    },
    Scenario {
        name: "nested",
        words: "20 rows with 50 rows each, with totals at both levels",
        rows: Rows::Nested,
        inside: "| | calculate | place | | | position(..) + 100 * position(../..) | | |\n",
        behind: "",
    },
];

/// The repeat of that name.
pub fn repeat(name: &str) -> Option<&'static Scenario> {
    REPEATS.iter().find(|scenario| scenario.name == name)
}

impl Scenario {
    /// The form.
    pub fn markdown(&self) -> String {
        let head = "| survey | | | | | | | | |\n\
                    | | type | name | label | relevant | calculation | constraint | choice_filter | repeat_count |\n\
                    | | integer | limit | Limit | | | | | |\n";
        let asked = "| | integer | x | X | | | | | |\n";
        let (begin, end) = match self.rows {
            Rows::Added => (
                "| | begin repeat | rep | Row | | | | | |\n".to_string(),
                "| | end repeat | | | | | | | |\n",
            ),
            Rows::Counted => (
                "| | integer | n | N | | | | | |\n| | begin repeat | rep | Row | | | | | ${n} |\n"
                    .to_string(),
                "| | end repeat | | | | | | | |\n",
            ),
            Rows::Nested => (
                "| | begin repeat | outer | Outer | | | | | |\n| | begin repeat | rep | Row | | | | | |\n"
                    .to_string(),
                "| | end repeat | | | | | | | |\n| | calculate | sub | | | sum(${x}) | | | |\n\
                 | | calculate | n_sub | | | count(${rep}) | | | |\n| | end repeat | | | | | | | |\n\
                 | | calculate | all | | | sum(${sub}) + sum(${x}) | | | |\n",
            ),
        };
        let mut choices = String::from("| choices | | | | |\n| | list_name | name | label | n |\n");
        for number in 0..40 {
            choices.push_str(&format!("| | l | c{number} | Choice {number} | {number} |\n"));
        }
        let settings = "| settings | |\n| | name |\n| | data |\n";
        let choices = if self.inside.contains("select_one") {
            choices
        } else {
            String::new()
        };
        let inside = self.inside.replace(" |\n", " | |\n");
        let behind = self.behind.replace(" |\n", " | |\n");
        format!("{head}{begin}{asked}{inside}{end}{behind}{choices}{settings}")
    }
}

/// A long repeat while it is filled.
#[derive(Debug)]
pub struct Long {
    scenario: &'static Scenario,
    /// The rows there are, each with the rows around it.
    rows: Vec<Vec<RowId>>,
    /// How many these are.
    pub n_rows: usize,
}

impl Long {
    /// Without rows.
    pub fn new(walk: &mut Walk, scenario: &'static Scenario) -> Result<Long, String> {
        type_in(walk, "limit", "10")?;
        Ok(Long {
            scenario,
            rows: Vec::new(),
            n_rows: 0,
        })
    }

    /// Adds a row as the last one, then answers in it. Gives the milliseconds of adding.
    pub fn add(&mut self, walk: &mut Walk) -> Result<f64, String> {
        let (took_ms, rows) = match self.scenario.rows {
            Rows::Added => {
                let (took_ms, row) = add(walk, &outside("rep"))?;
                (took_ms, vec![row])
            }
            Rows::Counted => {
                let took_ms = type_in(walk, "n", &(self.n_rows + 1).to_string())?;
                let number = u32::try_from(self.n_rows).map_err(|error| error.to_string())?;
                (took_ms, vec![RowId::counted(number)])
            }
            Rows::Nested => {
                let outer = match (
                    self.n_rows.is_multiple_of(N_INNER),
                    self.rows.last().and_then(|rows| rows.first()),
                ) {
                    (false, Some(outer)) => *outer,
                    _ => add(walk, &outside("outer"))?.1,
                };
                let (took_ms, row) = add(walk, &at("outer/rep", &[outer]))?;
                (took_ms, vec![outer, row])
            }
        };
        self.rows.push(rows);
        self.n_rows += 1;
        self.answer_in(walk, self.n_rows - 1);
        Ok(took_ms)
    }

    /// Takes the last row out.
    pub fn take_out(&mut self, walk: &mut Walk) -> Result<(), String> {
        let rows = self.rows.pop().ok_or("there is no row")?;
        self.n_rows -= 1;
        let (row, around) = rows.split_last().ok_or("a row has an id")?;
        let repeat = match self.scenario.rows {
            Rows::Counted => return type_in(walk, "n", &self.n_rows.to_string()).map(drop),
            Rows::Added => outside("rep"),
            Rows::Nested => at("outer/rep", around),
        };
        let taken = walk.interview.remove_row(&repeat, *row, walk.now);
        taken.map(drop).map_err(|refused| refused.message)
    }

    /// Answers in a random row. None = it was refused.
    pub fn change(&mut self, walk: &mut Walk) -> Option<f64> {
        let row = walk.chance.below(self.n_rows as u64) as usize;
        self.answer_in(walk, row)
    }

    fn answer_in(&self, walk: &mut Walk, row: usize) -> Option<f64> {
        let rows = self.rows.get(row)?;
        let path = match self.scenario.rows {
            Rows::Added | Rows::Counted => "rep/x",
            Rows::Nested => "outer/rep/x",
        };
        let took_ms = walk.answer(&at(path, rows))?;
        // Where there is something to choose or to check, that is what is timed.
        let more: Vec<f64> = ["rep/pick", "rep/code"]
            .iter()
            .filter_map(|path| walk.answer(&at(path, rows)))
            .collect();
        Some(more.into_iter().fold(took_ms, f64::max))
    }

    /// Answers the question before the repeat.
    pub fn change_outside(&mut self, walk: &mut Walk) -> Option<f64> {
        let typed = walk.chance.below(40).to_string();
        self.scenario
            .inside
            .contains("${limit}")
            .then(|| type_in(walk, "limit", &typed).ok())?
    }
}

/// A select whose choices are those of 16,000 villages that lie in the district typed before.
#[derive(Debug)]
pub struct FileScenario {
    /// Its word for processes.
    pub name: &'static str,
    /// For the table.
    pub words: &'static str,
    /// Whether the villages stand in a file beside the form, or in the form itself.
    pub is_file: bool,
    filter: &'static str,
    behind: &'static str,
}

/// The files that are measured.
pub const FILES: &[FileScenario] = &[
    FileScenario {
        name: "equal",
        words: "file, `district = ${district}` (by index)",
        is_file: true,
        filter: "district = ${district}",
        behind: "",
    },
    FileScenario {
        name: "list",
        words: "the same among the form's own choices",
        is_file: false,
        filter: "district = ${district}",
        behind: "",
    },
    FileScenario {
        name: "scanned",
        words: "file, `starts-with(district, ${district})` (each row looked at)",
        is_file: true,
        filter: "starts-with(district, ${district})",
        behind: "",
    },
    FileScenario {
        name: "lookups",
        words: "file by index, with pulldata, a path and a count over it",
        is_file: true,
        filter: "district = ${district}",
        behind: "| | calculate | a | | pulldata('villages', 'people', 'name', ${village}) | |\n\
                 | | calculate | b | | instance('villages')/root/item[name = ${village}]/label | |\n\
                 | | calculate | c | | count(instance('villages')/root/item[district = ${district}]) | |\n",
    },
];

/// The file of that name.
pub fn file(name: &str) -> Option<&'static FileScenario> {
    FILES.iter().find(|scenario| scenario.name == name)
}

impl FileScenario {
    /// The form.
    pub fn markdown(&self) -> String {
        let source = match self.is_file {
            true => "select_one_from_file villages.csv",
            false => "select_one villages",
        };
        let mut text = format!(
            "| survey | | | | | |\n| | type | name | label | calculation | choice_filter |\n\
             | | integer | district | District | | |\n| | {source} | village | Village | | {} |\n{}",
            self.filter, self.behind
        );
        if !self.is_file {
            text.push_str("| choices | | | | |\n| | list_name | name | label | district |\n");
            for number in 0..N_VILLAGES {
                text.push_str(&format!(
                    "| | villages | v{number} | Village {number} | {} |\n",
                    number % N_DISTRICTS
                ));
            }
        }
        text
    }
}

/// The villages as a file.
pub fn villages_csv() -> String {
    let mut text = String::from("name,label,district,people\n");
    for number in 0..N_VILLAGES {
        let district = number % N_DISTRICTS;
        text.push_str(&format!(
            "v{number},Village {number},{district},{}\n",
            100 + number % 900
        ));
    }
    text
}

/// A form of 3,000 questions, as .xlsx: groups in groups, relevance, constraints, totals, choices, two languages.
pub fn large() -> Vec<u8> {
    let heading = [
        "type",
        "name",
        "label::English (en)",
        "label::Khmer (km)",
        "relevant",
        "constraint",
        "calculation",
    ];
    let mut survey: Vec<Vec<String>> = vec![heading.map(str::to_string).to_vec()];
    let mut line = |cells: [&str; 7]| survey.push(cells.map(str::to_string).to_vec());
    for number in 0..N_QUESTIONS {
        if number % 50 == 0 {
            if number > 0 {
                line(["end group", "", "", "", "", "", ""]);
            }
            let name = format!("g{number}");
            line(["begin group", &name, "Group", "ក្រុម", "", "", ""]);
        }
        let (name, before) = (
            format!("q{number}"),
            format!("${{q{}}}", number.saturating_sub(5)),
        );
        let label = format!("Question {number} after {before}");
        let km = format!("សំណួរ {number}");
        let relevant = format!("{before} != 7");
        match number % 5 {
            0 => line(["integer", &name, &label, &km, "", ". >= 0 and . < 1000", ""]),
            1 => line(["select_one yes_no", &name, &label, &km, "", "", ""]),
            2 => line(["text", &name, &label, &km, &relevant, "", ""]),
            3 => line(["select_multiple crops", &name, &label, &km, &relevant, "", ""]),
            _ => {
                let sum = format!("coalesce(${{q{}}}, 0) + coalesce({before}, 0)", number - 4);
                line(["calculate", &name, "", "", "", "", &sum]);
            }
        }
    }
    line(["end group", "", "", "", "", "", ""]);
    let mut choices: Vec<Vec<String>> = vec![
        ["list_name", "name", "label::English (en)", "label::Khmer (km)"]
            .map(str::to_string)
            .to_vec(),
        ["yes_no", "yes", "Yes", "បាទ"].map(str::to_string).to_vec(),
        ["yes_no", "no", "No", "ទេ"].map(str::to_string).to_vec(),
    ];
    for number in 0..60 {
        choices.push(vec![
            "crops".into(),
            format!("c{number}"),
            format!("Crop {number}"),
            format!("ដំណាំ {number}"),
        ]);
    }
    let sheets = [("survey", survey), ("choices", choices)];
    let cells: Vec<(&str, Vec<Vec<&str>>)> = sheets
        .iter()
        .map(|(name, rows)| {
            let rows = rows
                .iter()
                .map(|row| row.iter().map(String::as_str).collect())
                .collect();
            (*name, rows)
        })
        .collect();
    let rows: Vec<(&str, Vec<&[&str]>)> = cells
        .iter()
        .map(|(name, rows)| (*name, rows.iter().map(Vec::as_slice).collect()))
        .collect();
    let sheets: Vec<(&str, &[&[&str]])> = rows.iter().map(|(name, rows)| (*name, rows.as_slice())).collect();
    sheet::xlsx(&sheets)
}

/// A question outside repeats, or the repeat itself.
pub fn outside(path: &str) -> AnswerPath {
    at(path, &[])
}

fn at(path: &str, rows: &[RowId]) -> AnswerPath {
    AnswerPath {
        question: QuestionPath(path.into()),
        rows: rows.to_vec(),
    }
}

/// Answers a question outside repeats with what is typed. Gives the milliseconds that the answer took.
pub fn type_in(walk: &mut Walk, path: &str, typed: &str) -> Result<f64, String> {
    let at = outside(path);
    let answer = walk
        .interview
        .parse_input(&at, typed)
        .map_err(|refused| refused.message)?;
    let watch = Stopwatch::start();
    let taken = walk.interview.answer(&at, Some(answer), walk.now);
    let took_ms = watch.cpu_ms();
    taken.map(|_| took_ms).map_err(|refused| refused.message)
}

fn add(walk: &mut Walk, repeat: &AnswerPath) -> Result<(f64, RowId), String> {
    let random = walk.chance.draw();
    let watch = Stopwatch::start();
    let taken = walk.interview.add_row(repeat, random, walk.now);
    let took_ms = watch.cpu_ms();
    let row = taken
        .map_err(|refused| refused.message)?
        .row
        .ok_or("no row was added")?;
    Ok((took_ms, row))
}
