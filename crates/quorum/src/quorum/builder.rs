use super::{Guarantees, Quorum};
use crate::{ConfigError, Replicas, Rule};

/// Options of a [`Quorum`]: majorities, unless said otherwise.
#[derive(Clone, Debug)]
#[must_use = "a builder builds nothing until `build` is called"]
pub struct QuorumBuilder {
    replicas: u8,
    read: Rule,
    write: Rule,
    may_miss: bool,
}

impl QuorumBuilder {
    pub(super) const fn new(n: u8) -> Self {
        let majority = Rule::majority(Replicas::first(n));
        let also = Rule::majority(Replicas::first(n));
        Self { replicas: n, read: majority, write: also, may_miss: false }
    }

    /// A read needs this many replies. Default: a majority.
    pub fn read(self, need: u8) -> Self {
        let read = Rule::at_least(need, Replicas::first(self.replicas));
        Self { read, ..self }
    }

    /// A write needs this many acknowledgements. Default: a majority.
    pub fn write(self, need: u8) -> Self {
        let write = Rule::at_least(need, Replicas::first(self.replicas));
        Self { write, ..self }
    }

    /// What a read needs, as a rule.
    pub fn read_rule(self, read: Rule) -> Self {
        Self { read, ..self }
    }

    /// What a write needs, as a rule.
    pub fn write_rule(self, write: Rule) -> Self {
        Self { write, ..self }
    }

    /// Lets reads miss writes that were acknowledged: for what may be old, as
    /// [`Pbs`](crate::Pbs) predicts. Default: refused.
    pub fn reads_may_miss_writes(self) -> Self {
        Self { may_miss: true, ..self }
    }

    /// Checks it all.
    ///
    /// # Errors
    ///
    /// As [`Quorum::nrw`] and [`Quorum::of`] say.
    pub fn build(self) -> Result<Quorum, ConfigError> {
        let Self { replicas: n, read, write, may_miss } = self;
        if n == 0 || n > Replicas::MOST {
            return Err(ConfigError::new("replicas", n, "1 to 64"));
        }
        for (option, rule) in [("read", &read), ("write", &write)] {
            let allowed =
                || alloc::format!("a rule that places 0 to {} can meet, not empty", n - 1);
            let known = rule.replicas().is_subset(Replicas::first(n));
            if !known || rule.is_met(Replicas::NONE) || !rule.is_met(Replicas::first(n)) {
                return Err(match rule.count() {
                    Some(need) => ConfigError::new(option, need, alloc::format!("1 to {n}")),
                    None => ConfigError::new(option, rule, allowed()),
                });
            }
        }
        let reads_see_writes = read.meets(&write)?;
        if !reads_see_writes && !may_miss {
            let (Some(r), Some(w)) = (read.count(), write.count()) else {
                let allowed = "a rule that meets every write, or `reads_may_miss_writes()`";
                return Err(ConfigError::new("read", read, allowed));
            };
            let first = n.saturating_sub(w) + 1;
            let allowed =
                alloc::format!("{first} to {n} with {w} for writes, or `reads_may_miss_writes()`");
            return Err(ConfigError::new("read", r, allowed));
        }
        let writes_see_writes = write.meets(&write)?;
        let guarantees = Guarantees { reads_see_writes, writes_see_writes };
        Ok(Quorum { replicas: n, read, write, guarantees })
    }
}
