//! A search box over a small library: what it suggests, what it forgives, and how its strings change
//! while it answers. Run it:
//!
//! ```text
//! cargo run --example trie --features trie
//! ```

use std::error::Error;
use std::time::Duration;

use voussoir::time::Nanos;
use voussoir::trie::{Boosts, Decay, Duplicates, Fold, Fuzzy, Hit, Hits, Index, Suggester};

/// Titles, and how often each was asked for.
const TITLES: [(&str, u64); 14] = [
    ("Pride and Prejudice", 820),
    ("Prince Caspian", 310),
    ("The Little Prince", 770),
    ("Le Petit Prince", 640),
    ("Les Misérables", 590),
    ("Little Women", 480),
    ("Animal Farm", 520),
    ("Anna Karenina", 610),
    ("Also sprach Zarathustra", 150),
    ("Die Verwandlung", 270),
    ("Über den Prozeß der Zivilisation", 90),
    ("Le Père Goriot", 130),
    ("Преступление и наказание", 560),
    ("吾輩は猫である", 330),
];

fn main() -> Result<(), Box<dyn Error>> {
    // Offline: two shards are built and merged, and the bytes could go to a file.
    let shards = TITLES
        .chunks(7)
        .map(|titles| {
            let mut builder = Index::builder().fold(Fold::ALL).terms(true);
            for (title, asked) in titles {
                builder.add(title, *asked)?;
            }
            builder.build()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let bytes = Index::merge(&shards, Duplicates::Sum)?.into_bytes();
    println!("{} titles in {} bytes", TITLES.len(), bytes.len());

    // Online: they are opened, checked and served.
    let index = Index::from_bytes(bytes)?;
    index.verify()?;
    let suggest = Suggester::new(index).fuzzy(Fuzzy::auto());

    let now = suggest.snapshot();
    show("pri", "what begins with it, the most wanted first", now.complete("pri"));
    show("les mise", "without the accent", now.complete("les mise"));
    show(
        "uber den proz",
        "ß and umlauts are letters to some, not to all",
        now.complete("uber den proz"),
    );
    show("prdie", "two letters exchanged", now.complete("prdie"));
    show("prince li", "words in any order", now.search("prince li"));

    println!("\na title comes, one goes, and one is asked for more often:");
    suggest.upsert("The Principles of Psychology", 900)?;
    suggest.remove("Prince Caspian")?;
    suggest.increase("Pride and Prejudice", 200)?;
    show("pri", "the snapshot from before knows nothing of it", now.complete("pri"));
    let now = suggest.snapshot();
    show("pri", "the next one does", now.complete("pri"));
    show("prin", "as a word", now.search("prin"));

    let done = suggest.compact()?;
    suggest.upsert("Prisoners of Geography", 40)?;
    suggest.swap(done)?;
    let now = suggest.snapshot();
    println!("\ncompacted while another came: {} titles, {} change kept", now.len(), now.changes());

    let mine = Boosts::new(Fold::ALL, [("prisoners of geography", 5_000)]);
    show("pri", "for who has read it fifty times", now.complete("pri").boost(&mine));

    println!("\nscores that halve each hour; nothing is touched as time goes by:");
    let decay = Decay::half_life(Duration::from_hours(1))?;
    let hour = |hours: u64| Nanos::from_secs(3600 * hours);
    let trending = Suggester::new(Index::build::<&str>([])?);
    for (title, asked, at) in [("Anna Karenina", 900.0, 0), ("Animal Farm", 40.0, 6)] {
        trending.update(title, |was| Some(decay.add(was, asked, hour(at))))?;
    }
    for hit in trending.snapshot().complete("An") {
        println!("  {:>6.1} {}", decay.worth_at(hit.weight(), hour(6)), hit.display());
    }
    Ok(())
}

fn show<'a>(query: &str, about: &str, hits: impl Iterator<Item = Hit<'a>>) {
    println!("\n{query:?}: {about}");
    for hit in hits.take(4) {
        let display = hit.display();
        let (mut text, mut at) = (String::new(), 0);
        for span in hit.spans() {
            text.extend([&display[at..span.start], "[", &display[span.clone()], "]"]);
            at = span.end;
        }
        text += &display[at..];
        let errors = ["", " (1 error)", " (2 errors)"][usize::from(hit.distance())];
        println!("  {:>6} {text}{errors}", hit.score());
    }
}
