//! The little of SVG that the pictures of the crates need: drawn in the reader's own colour, with a
//! text for who does not see them.

use core::fmt::Write as _;

/// A picture, 640 units wide.
#[derive(Debug)]
pub struct Picture {
    text: String,
}

/// How wide a picture is.
pub const WIDTH: f64 = 640.0;

impl Picture {
    /// An empty one. `label` says in words what it shows.
    pub fn new(height: f64, label: &str) -> Self {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"100%\" \
             style=\"max-width:{WIDTH}px\" role=\"img\" aria-label=\"{label}\" \
             font-family=\"sans-serif\" font-size=\"13\" fill=\"currentColor\">\n"
        );
        Self { text }
    }

    /// Words at a point; `anchor` is `start`, `middle` or `end`.
    pub fn words(&mut self, x: f64, y: f64, anchor: &str, words: &str) {
        self.raw(&format!(
            "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\">{words}</text>"
        ));
    }

    /// A filled box, as opaque as said.
    pub fn filled(&mut self, x: f64, y: f64, width: f64, height: f64, opacity: f64) {
        self.raw(&format!(
            "<path d=\"M{x:.1} {y:.1}h{width:.1}v{height:.1}h{:.1}z\" fill-opacity=\"{opacity}\"/>",
            -width
        ));
    }

    /// A thin line, for scales.
    pub fn rule(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.raw(&format!(
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"currentColor\" stroke-opacity=\"0.25\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through points, dashed as said: empty for a full one.
    pub fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, dashes: &str) {
        let mut path = String::new();
        for (x, y) in points {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        self.raw(&format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/>"
        ));
    }

    /// An element as it is written.
    pub fn raw(&mut self, element: &str) {
        self.text.push_str(element);
        self.text.push('\n');
    }

    /// The file.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}
