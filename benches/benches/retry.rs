//! The cases of the area `retry` under criterion.

use voussoir_benches::area;
use voussoir_benches::harness::bench;

fn main() {
    bench::run(&area::retry::AREA);
}
