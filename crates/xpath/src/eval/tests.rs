//! What expressions of real forms are worth, over a small form in memory.

mod small_form;

use crate::eval::tests::small_form::SmallForm;
use crate::eval::{At, EvalError, RowAt};
use crate::program::Program;
use crate::resolve::{Place, Problem};
use crate::world::World;
use proptest::prelude::{Strategy, prop, proptest};

fn shop() -> SmallForm {
    SmallForm::new(
        "
data
  country = KH
  consent = yes
  emp_ft ? dont_know
  emp_pt = 50
  emp_fam
  turnover ? refused
  born = 1990-05-01
  started = 2026-11-24T05:00:00.000+07:00
  roles = farmer trader
  share_sum
  products *
    prod = rice
    share = 60
    place = 1 2
    sales *
      buyer = A
      kg = 5
    sales *
      buyer = B
      kg = 7
  products *
    prod = fish
    share = 40
    place
    sales *
      buyer = C
      kg = 11
  products *
    prod
    share ? dont_know
    place
  tail
    adm1 = KH-2
    note
",
    )
    .with_table(
        "adm2",
        true,
        "name,label,adm1\nd1,One,KH-1\nd2,Two,KH-2\nd3,Three,KH-2\nd4,Four,-99",
    )
    .with_table("units", false, "name,label,kg\nbag,Bag,50\nton,Ton,1000")
}

fn compile(form: &SmallForm, source: &str, at: &str) -> Result<Program, Vec<Problem>> {
    Program::compile(
        source,
        form,
        Place {
            node: form.at(at).1,
            is_choice_filter: false,
        },
    )
}

fn worth(form: &SmallForm, source: &str, at: &str) -> Result<String, EvalError> {
    let program = compile(form, source, at).unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
    program.eval_text(form, &At::node(form.at(at).0))
}

#[track_caller]
fn check(at: &str, cases: &[(&str, &str)]) {
    let form = shop();
    for (source, expected) in cases {
        assert_eq!(worth(&form, source, at).unwrap(), *expected, "{source} at {at}");
    }
}

#[test]
fn a_missing_state_answers_to_its_code_and_to_nothing_else() {
    check(
        "emp_ft",
        &[
            (". = -88", "true"),
            (". = '-88'", "true"),
            (". != -88", "false"),
            (". = -99", "false"),
            (". != -99", "true"),
            (". = ''", "true"),
            ("${turnover} = -88 or ${turnover} = -99", "true"),
            ("-99 = ${turnover}", "true"),
            (". < 0", "false"),
            (". >= 0", "false"),
            (". + 1", ""),
            (
                "if(${emp_ft} > 0, ${emp_ft}, 0) + if(${emp_pt} > 0, ${emp_pt}, 0) + if(${emp_fam} > 0, ${emp_fam}, 0)",
                "50",
            ),
            ("${emp_ft} > 0 or ${emp_pt} > 0", "true"),
            ("sum(${share})", "100"),
            ("count-non-empty(${share})", "2"),
            ("${share} = -88", "true"),
            ("string(.)", ""),
            ("${emp_fam} = -88", "false"),
            ("${emp_pt} = -88", "false"),
            ("not(. = -88)", "false"),
            ("${emp_ft} = ${turnover}", "false"),
        ],
    );
}

#[test]
fn a_constraint_judges_the_candidate() {
    let form = shop();
    let program = compile(&form, "(. >= 0 and . <= 5000) or . = -88", "emp_pt").unwrap();
    assert!(program.reads_self() && program.dependencies().is_empty());
    let node = form.at("emp_pt").0;
    for (candidate, holds) in [
        ("0", true),
        ("5000", true),
        ("5001", false),
        ("-1", false),
        ("-88", true),
        ("x", false),
    ] {
        assert_eq!(
            program.eval_bool(&form, &At::candidate(node, candidate)).unwrap(),
            holds,
            "{candidate}"
        );
    }
    for (source, candidate, holds) in [
        ("regex(., '^[+]?[0-9]{8,15}$')", "+85512345678", true),
        ("regex(., '^[+]?[0-9]{8,15}$')", "12 345", false),
        (
            "not(selected(., 'none') and count-selected(.) > 1)",
            "none a",
            false,
        ),
        ("not(selected(., 'none') and count-selected(.) > 1)", "none", true),
        ("${emp_pt} > 3", "4", true),
        (". <= ${emp_pt} + 1", "4", true),
        ("string-length(.) = 3 and . != 'abc'", "abd", true),
        ("position(..) = 1", "1", true),
    ] {
        let program = compile(&form, source, "emp_pt").unwrap();
        assert_eq!(
            program.eval_bool(&form, &At::candidate(node, candidate)).unwrap(),
            holds,
            "{source}"
        );
    }
}

#[test]
fn references_see_their_own_row_from_inside_and_all_rows_from_outside() {
    check(
        "products[2]/share",
        &[
            ("${prod}", "fish"),
            ("../prod", "fish"),
            ("${country}", "KH"),
            ("count(${products})", "3"),
            ("position(..)", "2"),
            ("count(../../products)", "3"),
            ("sum(../../products/share)", "100"),
            ("/data/products/prod", "fish"),
            ("sum(${kg})", "11"),
            ("${products}/prod", "fish"),
            ("indexed-repeat(${prod}, ${products}, 1)", "rice"),
            ("indexed-repeat(${share}, ${products}, position(..) - 1)", "60"),
            ("current()/../prod", "fish"),
            ("indexed-repeat(../../products/prod, ../../products, 1)", "rice"),
            ("count(../preceding-sibling::products)", "1"),
            ("../following-sibling::products[1]/share = -88", "true"),
        ],
    );
    check(
        "share_sum",
        &[
            ("sum(${share})", "100"),
            ("count(${products})", "3"),
            ("count(${sales})", "3"),
            ("sum(${kg})", "23"),
            ("join(', ', ${prod})", "rice, fish, "),
            ("concat(${prod}, '!')", "ricefish!"),
            ("max(${share})", "60"),
            ("min(${kg})", "5"),
            ("${prod}", "rice"),
            ("${prod} = 'fish'", "true"),
            ("indexed-repeat(${prod}, ${products}, 2)", "fish"),
            ("indexed-repeat(${kg}, ${products}, 1, ${sales}, 2)", "7"),
            ("indexed-repeat(${kg}, ${products}, 9, ${sales}, 2)", ""),
            ("indexed-repeat(${prod}, ${products}, 0)", "rice"),
            ("${products}[2]/prod", "fish"),
            ("${products}[share = 40]/prod", "fish"),
            ("${products}[${share} = 40]/prod", "fish"),
            ("count(${products}[sum(sales/kg) > 10])", "2"),
            ("${products}[last()]/share = -88", "true"),
            ("${products}[position() = 2]/prod", "fish"),
            ("count(/data/products/sales)", "3"),
            ("count(//kg)", "3"),
            ("count(//*[. = 'rice'])", "1"),
            ("/data/tail/adm1", "KH-2"),
            ("string(/data/products[2]/sales[1]/buyer)", "C"),
            ("count(${prod} | ${share} | ${prod})", "6"),
            ("join('', //kg/ancestor::products/prod)", "ricefish"),
            ("name(..)", "data"),
            ("local-name(//kg/../..)", "products"),
        ],
    );
}

#[test]
fn functions_do_what_forms_expect() {
    check(
        "tail/note",
        &[
            ("selected('a b', 'b')", "true"),
            ("selected('basket bag', ${country})", "false"),
            ("selected(${roles}, 'trader')", "true"),
            ("selected(${roles}, 'trade')", "false"),
            ("count-selected(${roles}) > 1", "true"),
            ("selected-at(${roles}, 1)", "trader"),
            ("selected-at(${roles}, 7)", ""),
            (
                "jr:choice-name(${country}, '${country}')",
                "label of KH in country",
            ),
            ("jr:choice-name('unknown', ' /data/country ')", ""),
            ("if(${consent} = 'yes', 'a', 1 div 0)", "a"),
            ("coalesce(${emp_fam}, ${emp_pt})", "50"),
            ("coalesce('', '')", ""),
            ("once('x')", "x"),
            ("true() and not(false())", "true"),
            ("boolean(${emp_fam})", "false"),
            ("boolean-from-string('1')", "true"),
            ("${consent}", "yes"),
            ("string-length('ខ្មែរ')", "5"),
            ("substr('hello', 1, 3)", "el"),
            ("substring('hello', 2, 3)", "ell"),
            ("substring-before('a-b', '-')", "a"),
            ("substring-after('a-b', '-')", "b"),
            (
                "contains('abc', 'b') and starts-with('abc', 'a') and ends-with('abc', 'c')",
                "true",
            ),
            ("translate('abc', 'ab', 'x')", "xc"),
            ("normalize-space('  a  b ')", "a b"),
            ("int(3.9)", "3"),
            ("int(-3.9)", "-3"),
            ("round(2.345, 2)", "2.35"),
            ("round('14,6')", "15"),
            ("floor(-0.5) + ceiling(1.2)", "1"),
            ("pow(2, 10)", "1024"),
            ("number('12') + 1", "13"),
            ("number('x')", ""),
            ("string(number('x'))", "NaN"),
            ("6.1 - 7.8 = -1.7", "true"),
            ("7 mod 3 + 7 div 2", "4.5"),
            ("-7 mod 3", "-1"),
            ("1 > 2", "false"),
            ("checklist(1, 2, true(), ${emp_fam}, 1 > 2, 'a')", "true"),
            ("coalesce('' div 2, 7)", "7"),
            ("weighted-checklist(3, -1, 'yes', 2, 'yes', 1)", "true"),
            ("string-length(uuid())", "36"),
            ("string-length(uuid(12))", "12"),
            ("random() < 1", "true"),
            ("count(randomize(${prod}, 5))", "3"),
            (
                "join('', randomize(${prod}, 42)) = join('', randomize(${prod}, 42))",
                "true",
            ),
            ("${last-saved#country}", "last country"),
            ("instance('__last-saved')/data/country", "last country"),
            ("concat('v', version(), property('deviceid'))", "v"),
            ("geofence('1 1', '0 0;0 2;2 2;2 0;0 0')", "true"),
            ("depend(7, ${emp_pt})", "7"),
            ("distance('0 0; 0 90')", "10018696.05"),
            ("area('0 0; 0 1')", "0"),
            ("max(1, '', 3)", "3"),
            ("string(min(''))", "NaN"),
            ("pi() > 3.14", "true"),
        ],
    );
}

#[test]
fn dates_are_days_and_show_as_odk_shows_them() {
    check(
        "tail/note",
        &[
            ("today()", "2026-11-24"),
            ("now()", "2026-11-24T05:30:00.000+07:00"),
            ("today() - ${born}", "13356"),
            ("int((today() - ${born}) div 365.25)", "36"),
            ("${born} < today()", "true"),
            ("${born} = '1990-05-01'", "true"),
            ("today() = '2026-11-24'", "true"),
            ("today() = date('2026-11-24')", "true"),
            ("today() = ''", "false"),
            ("'2021-11-30' - '2021-11-29'", "1"),
            ("date(18961)", "2021-11-30"),
            ("date('')", ""),
            ("date(${started})", "2026-11-24"),
            ("date(today() + 7)", "2026-12-01"),
            ("date-time('2026-11-24')", "2026-11-24T00:00:00.000+07:00"),
            ("decimal-date-time('1970-01-02')", "0.7083333333333333"),
            ("decimal-time('06:00')", "0.25"),
            ("format-date(${born}, '%e %b %Y')", "1 May 1990"),
            ("format-date('', '%Y')", ""),
            ("difference-in-months('2020-01-31', '2020-02-29')", "0"),
            ("difference-in-months('2020-01-15', '2026-11-24')", "82"),
            ("difference-in-months('2026-11-24', '2020-01-15')", "-82"),
            ("difference-in-months('', '2020-01-15')", ""),
            ("add-date('2020-01-31', 0, 1)", "2020-02-29"),
            ("add-date('2020-01-31', -1, 0, 1)", "2019-02-01"),
            ("add-date('', 1)", ""),
            ("format-date('soon', '%Y')", ""),
            ("format-date-time(${started}, '%H:%M')", "05:00"),
            ("${started} > ${born}", "true"),
            ("number(${born})", "7425"),
        ],
    );
    let form = shop();
    assert!(matches!(
        worth(&form, "date('soon')", "tail/note"),
        Err(EvalError::BadArgument { .. })
    ));
}

#[test]
fn rows_of_files_are_found_through_their_index_where_there_is_one() {
    let form = shop();
    for (source, expected, n_lookups) in [
        ("instance('adm2')/root/item[name = 'd2']/label", "Two", 1),
        (
            "instance('adm2')/root/item[adm1 = ${adm1} and name = 'd3']/label",
            "Three",
            1,
        ),
        (
            "join(' ', instance('adm2')/root/item[${adm1} = ./adm1]/name)",
            "d2 d3",
            1,
        ),
        ("count(instance('adm2')/root/item)", "4", 0),
        ("pulldata('adm2', 'label', 'name', 'd1')", "One", 1),
        ("pulldata('adm2', 'label', 'name', 'none')", "", 1),
        ("instance('units')/root/item[kg = 50]/label", "Bag", 0),
        ("sum(instance('units')/root/item/kg)", "1050", 0),
        ("instance('units')/root/item[2]/name", "ton", 0),
        ("instance('adm2')/root/item[adm1 = ${turnover}]/name", "d4", 0),
        ("pulldata('units', 'kg', 'name', 'ton') * 2", "2000", 0),
    ] {
        form.tables["adm2"].n_lookups.set(0);
        assert_eq!(worth(&form, source, "tail/note").unwrap(), expected, "{source}");
        assert_eq!(form.tables["adm2"].n_lookups.get(), n_lookups, "{source}");
    }
}

#[test]
fn a_choice_filter_reads_columns_by_bare_name_and_knows_its_index_key() {
    let form = shop();
    let (node, item) = form.at("tail/note");
    for (source, chosen, key) in [
        ("adm1 = ${adm1}", "d2 d3", Some("adm1")),
        ("${adm1} = adm1 and name != 'd3'", "d2", Some("adm1")),
        ("selected('d1 d4', .)", "d1 d4", None),
        ("adm1 = ${adm1} or name = 'd1'", "d1 d2 d3", None),
        ("adm1 = current()/../adm1", "d2 d3", Some("adm1")),
        ("name = 'd1'", "d1", Some("name")),
        ("no_such_column = ''", "d1 d2 d3 d4", Some("no_such_column")),
        ("substring-after(./name, 'd') > 3", "d4", None),
        ("true()", "d1 d2 d3 d4", None),
        ("adm1 = -99", "d4", None),
    ] {
        let filter = Program::compile(
            source,
            &form,
            Place {
                node: item,
                is_choice_filter: true,
            },
        )
        .unwrap();
        let table = form.table("adm2").unwrap();
        let columns = filter.bind(table);
        let rows: Vec<&str> = (0..table.n_rows())
            .filter(|row| {
                let at = At::row(
                    node,
                    RowAt {
                        table,
                        row: *row,
                        columns: &columns,
                    },
                );
                filter.eval_bool(&form, &at).unwrap()
            })
            .map(|row| table.cell(row, 0))
            .collect();
        assert_eq!(rows.join(" "), chosen, "{source}");
        assert_eq!(filter.index_key().map(|key| key.column.as_str()), key, "{source}");
    }
    let place = Place {
        node: item,
        is_choice_filter: true,
    };
    let filter = Program::compile("adm1 = ${adm1}", &form, place).unwrap();
    let value = &filter.index_key().unwrap().value;
    assert_eq!(value.eval_text(&form, &At::node(node)).unwrap(), "KH-2");
    assert_eq!(value.dependencies(), [form.at("tail/adm1").1]);
    assert_eq!(filter.columns(), ["adm1"]);
    assert!(Program::compile("../adm1 = 1", &form, place).is_err());
}

#[test]
fn what_an_expression_depends_on_is_known_before_it_runs() {
    let form = shop();
    for (source, at, expected) in [
        ("${emp_ft} + ${emp_pt}", "share_sum", "emp_ft emp_pt"),
        ("sum(${share})", "share_sum", "products products/share"),
        ("${share}", "products[1]/prod", "products/share"),
        ("position(..)", "products[1]/prod", "products"),
        (". > 1", "share_sum", ""),
        ("${share_sum} + 1", "share_sum", ""),
        (
            "${products}[share > 1]/prod",
            "share_sum",
            "products products/prod products/share",
        ),
        (
            "instance('adm2')/root/item[name = ${country}]/label",
            "share_sum",
            "country",
        ),
        (
            "count(//kg)",
            "share_sum",
            "products products/sales products/sales/kg",
        ),
        ("../emp_ft", "share_sum", "emp_ft"),
        ("jr:choice-name(${country}, '${country}')", "share_sum", "country"),
        ("today() > 1", "share_sum", ""),
        ("count(../tail/*)", "share_sum", "tail/adm1 tail/note"),
    ] {
        let program = compile(&form, source, at).unwrap();
        let expected: Vec<_> = expected.split_whitespace().map(|path| form.at(path).1).collect();
        assert_eq!(program.dependencies(), expected, "{source}");
    }
    assert!(compile(&form, "today() > 1", "country").unwrap().reads_clock());
    assert!(compile(&form, "once(uuid())", "country").unwrap().reads_chance());
    assert!(
        !compile(&form, "randomize(${prod}, 1)", "country")
            .unwrap()
            .reads_chance()
    );
    assert_eq!(
        compile(&form, "${emp_pt}", "country").unwrap().sole_reference(),
        Some(form.at("emp_pt").1)
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_at_its_place() {
    let form = shop();
    for (source, expected) in [
        ("owner(${nobody}) + selected(.)", "0 owner, 6 nobody, 19 selected"),
        ("${Country} = 1", "0 Did you mean ${country}?"),
        ("${name}", "0 no question"),
        ("../nothing", "3 nothing named nothing is inside data"),
        ("/wrong/x", "1 outermost name is data"),
        ("${products}/nothing", "12 inside products"),
        ("selected_at('a', 1)", "0 Did you mean selected-at()?"),
        ("if(1, 2)", "0 takes 3 arguments, 2 given"),
        ("regex(., '[')", "9 cannot be read"),
        ("pulldata('nofile', 'a', 'b', 'c')", "9 nofile"),
        ("instance(${country})", "9 between quotes"),
        ("jr:choice-name(${country}, 'x y')", "27 second argument"),
        (
            "jr:choice-name(${country}, '${countri}')",
            "27 no question is named countri",
        ),
        ("indexed-repeat(${prod}, ${country}, 1)", "24 must be a repeat"),
        ("indexed-repeat('x', ${products}, 1)", "15 must be a question"),
        ("1 +", "3 too early"),
    ] {
        let problems = compile(&form, source, "share_sum").expect_err(source);
        let expected: Vec<&str> = expected.split(", ").collect();
        // A comma inside a message is not a second problem.
        let n_expected = expected
            .iter()
            .filter(|part| part.starts_with(|sign: char| sign.is_ascii_digit()))
            .count();
        assert!(
            problems.len() >= n_expected.min(problems.len()) && !problems.is_empty(),
            "{source}: {problems:?}"
        );
        for (problem, part) in problems.iter().zip(&expected) {
            let (at, word) = part.split_once(' ').unwrap();
            assert_eq!(problem.at.to_string(), at, "{source}: {problem:?}");
            let said = format!("{} {}", problem.message, problem.advice);
            assert!(said.contains(word), "{source}: {said}");
        }
    }
    assert_eq!(
        compile(&form, "owner(${nobody}) + selected(.)", "share_sum")
            .unwrap_err()
            .len(),
        3
    );
}

#[test]
fn no_expression_runs_for_ever_or_too_deep() {
    let form = shop();
    let deep = |n: usize| format!("{}1{}", "if(1,".repeat(n), ",2)".repeat(n));
    assert_eq!(worth(&form, &deep(150), "share_sum").unwrap(), "1");
    let brackets = format!("{}.{}", "(".repeat(199), ")".repeat(199));
    assert!(compile(&form, &brackets, "share_sum").is_ok());
    assert_eq!(
        worth(&form, &format!("0{}", "+1".repeat(20_000)), "share_sum").unwrap(),
        "20000"
    );
    let wild = format!("count({})", "//*[count(//*) > 0]".repeat(40));
    let nested = "count(//*[count(//*[count(//*[count(//*[count(//*) > 0]) > 0]) > 0]) > 0])";
    assert!(matches!(
        worth(&form, nested, "share_sum"),
        Err(EvalError::TooMuchWork { .. })
    ));
    let _ = worth(&form, &wild, "share_sum");
}

#[test]
fn and_or_and_if_leave_alone_what_they_do_not_need() {
    check(
        "share_sum",
        &[
            ("false() and date('soon') > 1", "false"),
            ("true() or date('soon') > 1", "true"),
            ("if(true(), 1, date('soon'))", "1"),
            ("coalesce('a', date('soon'))", "a"),
        ],
    );
}

/// Expressions put together from what forms are made of, right and wrong.
fn any_expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "-0.5",
        "99999999999999999999",
        "1 div 0",
        "''",
        "'x y'",
        "'2026-11-24'",
        "'-88'",
        ".",
        "..",
        "../..",
        "*",
        "//kg",
        "${share}",
        "${products}",
        "${emp_ft}",
        "${born}",
        "current()",
        "position()",
        "last()",
        "today()",
        "now()",
        "instance('adm2')/root/item",
        "/data/products[2]/sales",
        "@id",
        "${roles}",
        "'11.5 104.9; 0 0; 1 1'",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let functions: Vec<&str> = crate::functions::TABLE
            .iter()
            .map(|signature| signature.name)
            .collect();
        let operators = vec![
            "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "div", "mod", "and", "or", "|", "/", "//",
        ];
        let call = (
            prop::sample::select(functions),
            prop::collection::vec(inner.clone(), 0..4),
        )
            .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", ")));
        let infix = (inner.clone(), prop::sample::select(operators), inner.clone())
            .prop_map(|(left, operator, right)| format!("{left} {operator} {right}"));
        let filter = (inner.clone(), inner).prop_map(|(base, predicate)| format!("({base})[{predicate}]"));
        proptest::prop_oneof![3 => call, 2 => infix, 1 => filter]
    })
}

proptest! {
    #[test]
    fn no_expression_makes_it_panic(source in any_expression()) {
        let form = shop();
        for at in ["share_sum", "products[2]/share"] {
            if let Ok(program) = compile(&form, &source, at) {
                let node = form.at(at).0;
                let _ = program.eval(&form, &At::node(node));
                let _ = program.eval_text(&form, &At::candidate(node, "-88"));
                let _ = program.eval_nodes(&form, &At::node(node));
            }
        }
        let place = Place { node: form.at("tail/note").1, is_choice_filter: true };
        if let Ok(filter) = Program::compile(&source, &form, place) {
            let table = form.table("adm2").unwrap();
            let columns = filter.bind(table);
            let row = RowAt { table, row: 1, columns: &columns };
            let _ = filter.eval_bool(&form, &At::row(form.at("tail/note").0, row));
        }
    }
}
