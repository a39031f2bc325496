use voussoir_core::Nanos;

use super::{Layout, MILLISECOND};

/// The layouts of others, each with its source.
impl Layout {
    /// Twitter, 2010: 41 bits of milliseconds since 2010-11-04 01:42:54.657 UTC, 10 of worker (5 of
    /// data centre, 5 of machine), 12 of sequence. Until 2080-07-10; 4,096 ids a millisecond.
    ///
    /// Source: `IdWorker.scala` of twitter-archive/snowflake, `twepoch = 1288834974657L`.
    pub const TWITTER: Self = preset(41, 10, 12, Nanos::from_millis(1_288_834_974_657));

    /// Discord: milliseconds since 2015-01-01 UTC, 10 bits of worker (5 of internal worker, 5 of
    /// process), 12 of sequence.
    ///
    /// Source: Discord's API reference, "Snowflake ID format", epoch 1420070400000. It gives the
    /// timestamp 42 bits, of which the highest will first be set on 2084-09-06; here it stays 0, so
    /// that ids are positive `i64`s.
    pub const DISCORD: Self = preset(41, 10, 12, Nanos::from_millis(1_420_070_400_000));

    /// Instagram: milliseconds since 2011-08-24 21:07:01.721 UTC, 13 bits of logical shard, 10 of
    /// sequence (the shard's own, modulo 1024).
    ///
    /// Source: "Sharding & IDs at Instagram", 2012, whose SQL says `our_epoch bigint :=
    /// 1314220021721`. Others read the article's text, "since January 1st, 2011", and so differ. It
    /// gives the timestamp 41 bits, of which the highest will first be set on 2046-06-27 and make a
    /// `bigint` negative; here it stays 0.
    pub const INSTAGRAM: Self = preset(40, 13, 10, Nanos::from_millis(1_314_220_021_721));

    /// Sonyflake: 39 bits of 10 ms since 2014-09-01 UTC, 8 of sequence, then 16 of machine in the
    /// lowest bits. Until 2188; 25,600 ids a second.
    ///
    /// Source: `sonyflake.go` of sony/sonyflake, version 1, its default start time.
    pub const SONYFLAKE: Self = Self {
        unit: 10 * MILLISECOND,
        ..preset(39, 16, 8, Nanos::from_millis(1_409_529_600_000)).worker_last()
    };
}

const fn preset(timestamp: u32, worker: u32, sequence: u32, epoch: Nanos) -> Layout {
    match Layout::new(timestamp, worker, sequence) {
        Ok(layout) => layout.epoch(epoch),
        Err(_) => panic!("evaluated by the compiler, which would refuse"),
    }
}
