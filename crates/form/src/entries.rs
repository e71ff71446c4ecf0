//! Few named values in the order of their names, in a list: a form has tens of thousands of them, most with one or two
//! entries, for which a tree takes ten times the memory.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by name, each name once, in the order of the names. Finding is fast among few, adding at the end too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<V>(Vec<(String, V)>);

impl<V> Entries<V> {
    /// None yet.
    pub fn new() -> Entries<V> {
        Entries(Vec::new())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.get_key_value(name).map(|(_, value)| value)
    }

    /// The name as it is kept, and its value.
    pub fn get_key_value(&self, name: &str) -> Option<(&String, &V)> {
        let (name, value) = self.0.get(self.place(name).ok()?)?;
        Some((name, value))
    }

    /// Whether a name has a value.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Gives a name a value; what it had before comes out.
    pub fn insert(&mut self, name: String, value: V) -> Option<V> {
        match self.place(&name) {
            Ok(place) => self
                .0
                .get_mut(place)
                .map(|(_, own)| std::mem::replace(own, value)),
            Err(place) => {
                if self.0.capacity() == self.0.len() {
                    self.0.reserve_exact(1);
                }
                self.0.insert(place, (name, value));
                None
            }
        }
    }

    /// Gives a name a value unless it has one.
    pub fn insert_missing(&mut self, name: String, value: V) {
        if !self.contains_key(&name) {
            self.insert(name, value);
        }
    }

    /// Takes a name out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place).1)
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Names and values, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut V)> {
        self.0.iter_mut().map(|(name, value)| (&*name, value))
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        // Names mostly come in order.
        match self.0.last() {
            Some((last, _)) if last.as_str() < name => Err(self.0.len()),
            Some(_) | None => self.0.binary_search_by(|(own, _)| own.as_str().cmp(name)),
        }
    }
}

impl<V> Default for Entries<V> {
    fn default() -> Entries<V> {
        Entries::new()
    }
}

impl<V> Extend<(String, V)> for Entries<V> {
    fn extend<T: IntoIterator<Item = (String, V)>>(&mut self, entries: T) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<V> FromIterator<(String, V)> for Entries<V> {
    fn from_iter<T: IntoIterator<Item = (String, V)>>(entries: T) -> Entries<V> {
        let mut own = Entries::new();
        own.extend(entries);
        own
    }
}

impl<V, const N: usize> From<[(String, V); N]> for Entries<V> {
    fn from(entries: [(String, V); N]) -> Entries<V> {
        entries.into_iter().collect()
    }
}

impl<V> IntoIterator for Entries<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a Entries<V> {
    type Item = (&'a String, &'a V);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (String, V)>, fn(&'a (String, V)) -> (&'a String, &'a V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl<V: Serialize> Serialize for Entries<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<V>, D::Error> {
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

struct Reader<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
    type Value = Entries<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("values by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
        let mut read: Vec<(String, V)> = Vec::new();
        while let Some(entry) = map.next_entry()? {
            read.push(entry);
        }
        // Sorted once: names out of order, which nobody writes, cost no more than that. The last of a name counts.
        if !read.is_sorted_by(|(one, _), (other, _)| one < other) {
            read.reverse();
            read.sort_by(|(one, _), (other, _)| one.cmp(other));
            read.dedup_by(|(one, _), (other, _)| one == other);
        }
        read.shrink_to_fit();
        Ok(Entries(read))
    }
}

#[cfg(test)]
mod tests {
    use super::Entries;

    #[test]
    fn entries_stand_in_the_order_of_their_names_and_the_last_of_a_name_counts() {
        let mut entries: Entries<u8> = Entries::new();
        for (name, value) in [("b", 1), ("a", 2), ("c", 3), ("b", 4)] {
            entries.insert(name.to_string(), value);
        }
        let text = serde_json::to_string(&entries).expect("JSON");
        assert_eq!(text, r#"{"a":2,"b":4,"c":3}"#);
        let read: Entries<u8> = serde_json::from_str(r#"{"c":3,"b":1,"a":2,"b":4}"#).expect("entries");
        assert_eq!(read, entries);
        assert_eq!(entries.get("b"), Some(&4));
        assert_eq!(entries.remove("b"), Some(4));
        assert!(!entries.contains_key("b"));
    }
}
