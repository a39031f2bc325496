//! Recorded requests, in the forms in which they are found.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::scrambled;

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// A number that stands for the key, and looks random.
    pub key: u64,
    /// What the value weighs; 1 where the trace does not say.
    pub weight: u32,
}

/// Requests in their order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The name of the file, without its endings.
    pub name: String,
    /// The requests.
    pub requests: Vec<Request>,
    /// How many different keys there are.
    pub unique: u64,
}

/// Where in a file keys and weights are.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The column of keys: its name, or its number from 1. None for a file without columns.
    pub key: Option<String>,
    /// The column of weights.
    pub weight: Option<String>,
    /// What is between columns.
    pub delimiter: Option<char>,
}

impl Trace {
    /// Reads `path`. By its name, with `.gz` or without: `.u64` is raw little-endian numbers, one a
    /// request; `.csv` and `.tsv`, or any file for which a column is named, has columns; all else
    /// is text with one key a line.
    ///
    /// # Errors
    ///
    /// Those of the file; no request in it; a column that it has not; a weight that is no number.
    pub fn read(
        path: &Path,
        columns: &Columns,
        wrap: impl FnOnce(File) -> Box<dyn Read>,
    ) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (plain, zipped) = match name.strip_suffix(".gz") {
            Some(plain) => (plain, true),
            None => (&*name, false),
        };
        let file = wrap(File::open(path)?);
        let file: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { file };
        let input = BufReader::with_capacity(1 << 16, file);
        let extension = Path::new(plain).extension().unwrap_or_default().to_string_lossy();
        let mut numbering = Numbering::default();
        match (&*extension, &columns.key) {
            ("u64", None) => numbering.numbers(input)?,
            ("csv" | "tsv", _) | (_, Some(_)) => {
                let usual = if extension == "tsv" { '\t' } else { ',' };
                numbering.columns(input, columns, columns.delimiter.unwrap_or(usual))?;
            }
            _ => numbering.lines(input)?,
        }
        if numbering.requests.is_empty() {
            return Err(wrong("there is no request in it"));
        }
        let short =
            PathBuf::from(plain).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name: short, unique: numbering.unique, requests: numbering.requests })
    }
}

/// Gives keys numbers in the order in which they appear.
#[derive(Default)]
struct Numbering {
    texts: HashMap<Vec<u8>, u64>,
    requests: Vec<Request>,
    unique: u64,
}

impl Numbering {
    fn numbers(&mut self, mut input: impl Read) -> io::Result<()> {
        let mut seen = HashMap::new();
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let (words, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(wrong(format!("{} bytes after the last number of 8", rest.len())));
        }
        self.requests.reserve_exact(words.len());
        for word in words {
            let next = seen.len() as u64;
            let key = *seen.entry(u64::from_le_bytes(*word)).or_insert(next);
            self.requests.push(Request { key: scrambled(key), weight: 1 });
        }
        self.unique = seen.len() as u64;
        Ok(())
    }

    /// Keys may be any bytes, as those of caches are, but the ends of lines.
    fn lines(&mut self, mut input: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            let key = line.strip_suffix(b"\n").unwrap_or(&line);
            let key = key.strip_suffix(b"\r").unwrap_or(key);
            if !key.is_empty() {
                self.text(key, 1);
            }
            line.clear();
        }
        Ok(())
    }

    fn columns(&mut self, input: impl Read, columns: &Columns, delimiter: char) -> io::Result<()> {
        let delimiter = u8::try_from(delimiter).map_err(wrong)?;
        let name = columns.key.as_deref().unwrap_or("1");
        let numbered = name.parse::<usize>().is_ok();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(!numbered)
            .flexible(true)
            .from_reader(input);
        let header = if numbered { csv::StringRecord::new() } else { reader.headers()?.clone() };
        let key = place(&header, name)?;
        let weight = columns.weight.as_deref().map(|name| place(&header, name)).transpose()?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record)? {
            let Some(text) = record.get(key) else { continue };
            let weight = match weight {
                None => 1,
                Some(at) => {
                    let text = record.get(at).unwrap_or_default();
                    text.trim()
                        .parse()
                        .map_err(|_| wrong(format!("weight `{text}` is no number")))?
                }
            };
            self.text(text.as_bytes(), weight);
        }
        Ok(())
    }

    fn text(&mut self, text: &[u8], weight: u32) {
        let key = if let Some(key) = self.texts.get(text) {
            *key
        } else {
            self.texts.insert(text.to_vec(), self.unique);
            self.unique += 1;
            self.unique - 1
        };
        self.requests.push(Request { key: scrambled(key), weight });
    }
}

fn place(header: &csv::StringRecord, name: &str) -> io::Result<usize> {
    match name.parse::<usize>() {
        Ok(0) => Err(wrong("columns are numbered from 1")),
        Ok(number) => Ok(number - 1),
        Err(_) => header.iter().position(|column| column.trim() == name).ok_or_else(|| {
            wrong(format!(
                "no column `{name}`; there are: {}",
                header.iter().collect::<Vec<_>>().join(", ")
            ))
        }),
    }
}

fn wrong(what: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, bytes: &[u8], columns: &Columns) -> io::Result<Trace> {
        let path = std::env::temp_dir().join(format!("voussoir-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes)?;
        let trace = Trace::read(&path, columns, |file| Box::new(file));
        std::fs::remove_file(path)?;
        trace
    }

    fn keys(trace: &Trace) -> Vec<u64> {
        trace.requests.iter().map(|request| request.key).collect()
    }

    #[test]
    fn the_same_requests_are_the_same_in_every_form() {
        let numbers: Vec<u8> = [7_u64, 9, 7].iter().flat_map(|key| key.to_le_bytes()).collect();
        let wanted = [scrambled(0), scrambled(1), scrambled(0)];
        let by = |key: &str| Columns { key: Some(key.to_owned()), ..Columns::default() };
        for (name, bytes, columns) in [
            ("a.u64", &*numbers, Columns::default()),
            ("b.txt", b"seven\nnine\nseven\n", Columns::default()),
            ("c.csv", b"t,key\n1,x\n2,\"y,z\"\n3,x\n", by("key")),
            ("d.csv", b"1,x\n2,y\n3,x\n", by("2")),
            ("e.tsv", b"x\t1\ny\t1\nx\t2\n", Columns::default()),
            ("f.txt", b"\xff\r\n\n\xfe\r\n\xff", Columns::default()),
        ] {
            let trace = read(name, bytes, &columns).unwrap();
            assert_eq!((keys(&trace).as_slice(), trace.unique), (&wanted[..], 2), "{name}");
        }
    }

    #[test]
    fn weights_are_read_and_nonsense_is_refused() {
        let columns =
            Columns { key: Some("k".into()), weight: Some("w".into()), delimiter: Some(';') };
        let trace = read("w.txt", b"k;w\nx;3\n", &columns).unwrap();
        assert_eq!(trace.requests, [Request { key: scrambled(0), weight: 3 }]);
        assert!(read("x.txt", b"k;w\nx;heavy\n", &columns).is_err());
        assert!(read("y.txt", b"k;v\nx;3\n", &columns).unwrap_err().to_string().contains("k, v"));
        assert!(read("z.u64", &[0; 9], &Columns::default()).is_err());
        for name in ["none.txt", "none.u64", "none.csv"] {
            let refused = read(name, b"", &Columns::default()).unwrap_err();
            assert!(refused.to_string().contains("no request"), "{name}: {refused}");
        }
    }
}
