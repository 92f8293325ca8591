//! The candidate that a misspelt name most likely means.

/// The candidate with the smallest edit distance to `name` (optimal string alignment: insert, delete,
/// replace, swap neighbours; case does not count), if that is small for the name's length: 1 up to 3
/// characters, 2 up to 8, else 3. Of equals the first. `None` where nothing is near.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name);
    let allowed = match wanted.len() {
        0..=3 => 1,
        4..=8 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let have = folded(candidate);
        if have.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &have);
        if distance <= allowed && distance < wanted.len() && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn folded(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_uppercase).collect()
}

/// Three rows of the usual table are enough: the one before the last is for swapped neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let columns = ["ACCOUNT_ID", "AMOUNT", "MERCHANT", "CURRENCY"];
        assert_eq!(nearest("AMOUTN", columns), Some("AMOUNT"));
        assert_eq!(nearest("acount_id", columns), Some("ACCOUNT_ID"));
        assert_eq!(nearest("MERCHANTS", columns), Some("MERCHANT"));
        assert_eq!(nearest("LATITUDE", columns), None);
        assert_eq!(nearest("", columns), None);
    }

    #[test]
    fn short_names_must_be_nearer_than_their_length() {
        assert_eq!(nearest("A", ["B"]), None);
        assert_eq!(nearest("ID", ["IDS"]), Some("IDS"));
    }

    #[test]
    fn the_first_of_equals() {
        assert_eq!(nearest("ABX", ["ABC", "ABD"]), Some("ABC"));
    }

    #[test]
    fn a_swap_counts_once() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(distance(&chars("FORM"), &chars("FROM")), 1);
        assert_eq!(distance(&chars("KITTEN"), &chars("SITTING")), 3);
    }
}
