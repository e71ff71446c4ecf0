//! Tables as Markdown, and the order statistics that stand in them.

/// Prints a heading and a table. The first column is text, the others are figures.
pub fn print(title: &str, note: &str, heading: &[&str], rows: &[Vec<String>]) {
    print!("{}", markdown(title, note, heading, rows));
}

/// A heading and a table as Markdown, with an empty line before them.
pub fn markdown(title: &str, note: &str, heading: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("\n### {title}\n\n");
    if !note.is_empty() {
        text.push_str(&format!("{note}\n\n"));
    }
    let marks: Vec<&str> = (0..heading.len())
        .map(|column| if column == 0 { "---" } else { "--:" })
        .collect();
    text.push_str(&format!("| {} |\n|{}|\n", heading.join(" | "), marks.join("|")));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

/// The value that `part` (0 to 1) of the samples do not exceed; 0 when there are none.
pub fn quantile(samples: &mut [f64], part: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    samples.get(index).copied().unwrap_or(0.0)
}

/// The arithmetic mean; 0 when there are none.
pub fn mean(samples: &[f64]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// A figure with a comma between thousands and this many decimals.
pub fn figure(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (whole, format!(".{rest}")),
        None => (text.as_str(), String::new()),
    };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &rest
}
