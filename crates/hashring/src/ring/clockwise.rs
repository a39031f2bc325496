use super::Points;

/// The owners of points, one after another, once round the circle.
#[derive(Clone)]
pub(crate) struct Clockwise<'a> {
    points: &'a Points,
    from: usize,
    at: usize,
    left: usize,
}

impl<'a> Clockwise<'a> {
    /// From the owner of `hash` on.
    #[inline]
    pub(crate) fn from_hash(points: &'a Points, hash: u64) -> Self {
        let from = if points.is_empty() { 0 } else { points.place(hash) };
        Self::from_place(points, from)
    }

    /// From the point at `place` on.
    #[inline]
    pub(crate) fn from_place(points: &'a Points, from: usize) -> Self {
        Self { points, from, at: from, left: points.len() }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        if self.at >= self.points.len() {
            self.at = 0;
        }
        let owner = self.points.owner(self.at);
        self.at += 1;
        Some(owner)
    }

    pub(crate) fn restart(&mut self) {
        (self.at, self.left) = (self.from, self.points.len());
    }
}
