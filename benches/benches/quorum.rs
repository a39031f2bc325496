//! The cases of the area `quorum` under criterion.

use voussoir_benches::area;
use voussoir_benches::harness::bench;

fn main() {
    bench::run(&area::quorum::AREA);
}
