//! Short names of months and days of the week in the languages of the countries at work; other languages have English.

/// A language by its code and the names that authors give it, its months from January on, its days from Sunday on.
struct Names {
    code: &'static str,
    called: &'static [&'static str],
    months: [&'static str; 12],
    days: [&'static str; 7],
}

const LANGUAGES: &[Names] = &[
    Names {
        code: "km",
        called: &["khmer", "ខ្មែរ", "ភាសាខ្មែរ"],
        months: [
            "មករា",
            "កុម្ភៈ",
            "មីនា",
            "មេសា",
            "ឧសភា",
            "មិថុនា",
            "កក្កដា",
            "សីហា",
            "កញ្ញា",
            "តុលា",
            "វិច្ឆិកា",
            "ធ្នូ",
        ],
        days: ["អាទិត្យ", "ចន្ទ", "អង្គារ", "ពុធ", "ព្រហ", "សុក្រ", "សៅរ៍"],
    },
    Names {
        code: "th",
        called: &["thai", "ไทย", "ภาษาไทย"],
        months: [
            "ม.ค.",
            "ก.พ.",
            "มี.ค.",
            "เม.ย.",
            "พ.ค.",
            "มิ.ย.",
            "ก.ค.",
            "ส.ค.",
            "ก.ย.",
            "ต.ค.",
            "พ.ย.",
            "ธ.ค.",
        ],
        days: ["อา.", "จ.", "อ.", "พ.", "พฤ.", "ศ.", "ส."],
    },
    Names {
        code: "my",
        called: &["burmese", "myanmar", "မြန်မာ", "မြန်မာဘာသာ"],
        months: [
            "ဇန်",
            "ဖေ",
            "မတ်",
            "ဧ",
            "မေ",
            "ဇွန်",
            "ဇူ",
            "ဩ",
            "စက်",
            "အောက်",
            "နို",
            "ဒီ",
        ],
        days: ["တနင်္ဂနွေ", "တနင်္လာ", "အင်္ဂါ", "ဗုဒ္ဓဟူး", "ကြာသပတေး", "သောကြာ", "စနေ"],
    },
    Names {
        code: "vi",
        called: &["vietnamese", "tiếng việt"],
        months: [
            "thg 1", "thg 2", "thg 3", "thg 4", "thg 5", "thg 6", "thg 7", "thg 8", "thg 9", "thg 10",
            "thg 11", "thg 12",
        ],
        days: ["CN", "Th 2", "Th 3", "Th 4", "Th 5", "Th 6", "Th 7"],
    },
    Names {
        code: "fr",
        called: &["french", "français", "francais"],
        months: [
            "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
        ],
        days: ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    },
    Names {
        code: "es",
        called: &["spanish", "español", "espanol"],
        months: [
            "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic",
        ],
        days: ["dom", "lun", "mar", "mié", "jue", "vie", "sáb"],
    },
    Names {
        code: "pt",
        called: &["portuguese", "português", "portugues"],
        months: [
            "jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez.",
        ],
        days: ["dom.", "seg.", "ter.", "qua.", "qui.", "sex.", "sáb."],
    },
    Names {
        code: "ar",
        called: &["arabic", "العربية", "عربي"],
        months: [
            "يناير",
            "فبراير",
            "مارس",
            "أبريل",
            "مايو",
            "يونيو",
            "يوليو",
            "أغسطس",
            "سبتمبر",
            "أكتوبر",
            "نوفمبر",
            "ديسمبر",
        ],
        days: [
            "الأحد",
            "الاثنين",
            "الثلاثاء",
            "الأربعاء",
            "الخميس",
            "الجمعة",
            "السبت",
        ],
    },
];

/// The short name of a month (from 1) in a language written as `Khmer (km)`, `Khmer` or `km`; None = English.
pub(crate) fn month(language: &str, month: u32) -> Option<&'static str> {
    let place = usize::try_from(month.checked_sub(1)?).ok()?;
    names(language)?.months.get(place).copied()
}

/// The short name of a day of the week (Sunday = 0), as [`month`].
pub(crate) fn day(language: &str, day: u32) -> Option<&'static str> {
    names(language)?.days.get(usize::try_from(day).ok()?).copied()
}

fn names(language: &str) -> Option<&'static Names> {
    let language = language.to_lowercase();
    let (name, code) = language.split_once('(').unwrap_or((&language, ""));
    let (name, code) = (name.trim(), code.trim_end_matches(')').trim());
    // `pt-BR` and `pt_BR` are `pt`.
    let short = |code: &str| code.split(['-', '_']).next().unwrap_or_default().to_string();
    let code = if code.is_empty() { short(name) } else { short(code) };
    LANGUAGES
        .iter()
        .find(|names| names.code == code || names.called.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{day, month};

    #[test]
    fn a_language_is_known_by_its_code_or_its_name() {
        for (language, expected) in [
            ("Khmer (km)", Some("មេសា")),
            ("Khmer", Some("មេសា")),
            ("th", Some("เม.ย.")),
            ("Português (pt-BR)", Some("abr.")),
            ("Français (fr)", Some("avr.")),
            ("English (en)", None),
            ("default", None),
        ] {
            assert_eq!(month(language, 4), expected, "{language}");
        }
        assert_eq!(day("es", 6), Some("sáb"));
        assert_eq!(month("es", 0), None);
        assert_eq!(month("es", 13), None);
        assert_eq!(day("es", 7), None);
    }
}
