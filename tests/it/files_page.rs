//! The samples of docs/files.md, imported and held against the bars that stand beneath them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use barkeep::cli::Exit;
use barkeep::sys::{Fs, OsFs};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::support::barkeep::Barkeep;
use crate::support::named_parquet;

/// A fenced block: the words behind its fence, and its lines.
#[derive(Debug)]
struct Block {
    words: String,
    text: String,
}

impl Block {
    /// Returns what stands behind `key=`, up to the next key.
    fn value(&self, key: &str) -> Option<&str> {
        let (_, rest) = self.words.split_once(&format!(" {key}="))?;
        Some(rest.split_once(" entry=").map_or(rest, |(value, _)| value))
    }

    fn is_settings(&self) -> bool {
        self.words == "toml" && !self.text.contains("[sources")
    }
}

#[derive(Debug)]
struct Sample {
    title: String,
    blocks: Vec<Block>,
}

fn samples() -> Vec<Sample> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/files.md");
    let page = OsFs.read(path.as_ref()).unwrap().unwrap();
    let page = String::from_utf8(page).unwrap();
    let sections = page.split("\n### ").skip(1);
    sections
        .map(|section| {
            let section = section.split("\n## ").next().unwrap();
            let mut blocks = Vec::new();
            for (at, part) in section.split("\n```").enumerate() {
                if at % 2 == 1 {
                    let (words, text) = part.split_once('\n').unwrap();
                    blocks.push(Block {
                        words: words.to_owned(),
                        text: format!("{text}\n"),
                    });
                }
            }
            Sample {
                title: section.lines().next().unwrap().to_owned(),
                blocks,
            }
        })
        .collect()
}

fn zipped(entry: &str, text: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file(entry, SimpleFileOptions::default())
        .unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

impl Sample {
    /// Imports the files of the sample into an empty workspace.
    fn imported(&self) -> Barkeep {
        let mut bar = Barkeep::empty();
        "2026-11-27T22:00:00Z".clone_into(&mut bar.now);
        let mut toml = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n".to_owned();
        for block in self.blocks.iter().filter(|block| block.is_settings()) {
            toml.push_str(&block.text);
        }
        bar.write("barkeep.toml", toml);
        let (mut tickers, mut intervals) = (BTreeSet::new(), BTreeSet::new());
        for block in &self.blocks {
            if let Some((ticker, interval)) =
                block.value("bars").and_then(|asked| asked.split_once(','))
            {
                tickers.insert(ticker);
                intervals.insert(interval);
            }
            let file = |name: &str| format!("incoming/{name}");
            if let Some(name) = block.value("file") {
                bar.write(file(name), &block.text);
            }
            if let Some(name) = block.value("zip") {
                let entry = block.value("entry").unwrap();
                bar.write(file(name), zipped(entry, &block.text));
            }
            if let Some(name) = block.value("parquet") {
                bar.write(file(name), named_parquet::of(&block.text));
            }
        }
        let mut args = vec!["init", "--venue", "us:mine", "--partitioned"];
        for ticker in &tickers {
            args.extend(["--ticker", ticker]);
        }
        for interval in &intervals {
            args.extend(["-i", interval]);
        }
        bar.run(&args).expect(Exit::Ok);
        bar.run(&["update"]);
        bar
    }

    /// Returns how the bars of the sample differ from those that were stored.
    fn differences(&self) -> String {
        let bar = self.imported();
        let mut told = String::new();
        for block in &self.blocks {
            let Some((ticker, interval)) =
                block.value("bars").and_then(|asked| asked.split_once(','))
            else {
                continue;
            };
            let shown = bar.run(&["show", ticker, "-i", interval, "--format", "csv"]);
            if shown.stdout != block.text {
                writeln!(told, "{}: {}{}", self.title, shown.stdout, shown.stderr).unwrap();
            }
        }
        told
    }
}

#[test]
fn every_sample_of_the_page_is_read_as_the_page_says() {
    let samples = samples();
    let told: String = samples.iter().map(Sample::differences).collect();

    assert_eq!(told, "");
    let is_tried = |sample: &Sample| {
        let has = |key: &str| sample.blocks.iter().any(|block| block.value(key).is_some());
        has("bars") && (has("file") || has("zip") || has("parquet"))
    };
    assert!(
        samples.len() >= 17 && samples.iter().all(is_tried),
        "{samples:?}"
    );
}

#[test]
fn a_bar_that_the_page_has_wrong_is_noticed() {
    let mut sample = samples().remove(0);
    let bars = sample.blocks.last_mut().unwrap();
    bars.text = bars.text.replace("410.5", "410.25");

    assert!(sample.differences().contains("410.5"));
}

#[test]
fn the_page_and_the_example_name_every_setting_of_a_folder() {
    let read = |name: &str| {
        let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
        String::from_utf8(OsFs.read(path.as_ref()).unwrap().unwrap()).unwrap()
    };
    let (page, example) = (read("docs/files.md"), read("config/barkeep.example.toml"));
    for key in [
        "path",
        "suffix",
        "interval",
        "timezone",
        "file_clock",
        "stamp",
        "price_basis",
        "columns",
        "delimiter",
        "decimal_comma",
        "date_format",
        "header",
        "missing",
        "scale",
        "partition_intervals",
        "mirror",
    ] {
        assert!(page.contains(&format!("\n| `{key}` |")), "{key}");
        assert!(
            example.contains(&format!("\n# {key} = ")) || example.contains(&format!("\n{key} = ")),
            "{key}"
        );
    }
}
