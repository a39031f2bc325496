use core::future::{Future, pending};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::{Bulkhead, BulkheadError};

fn bulkhead() -> Arc<Bulkhead> {
    Arc::new(Bulkhead::builder(1).queue(2).build().unwrap())
}

fn never(_: Duration) -> core::future::Pending<()> {
    pending()
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn one_of_two_gets_the_only_permit() {
    loom::model(|| {
        let pool = bulkhead();
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.try_acquire().map(core::mem::forget).is_ok())
        };
        let ours = pool.try_acquire().map(core::mem::forget).is_ok();
        assert!(ours ^ other.join().unwrap());
        assert_eq!(pool.in_use(), 1);
    });
}

/// Whoever joins the line while the permit comes back must see it or be given it.
#[test]
fn a_permit_given_back_reaches_whoever_joins_the_line() {
    loom::model(|| {
        let pool = bulkhead();
        core::mem::forget(pool.try_acquire().unwrap());
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.give_back(super::Want::ONE))
        };
        {
            let mut waiting = pin!(pool.acquire_async(&never));
            let first = poll(waiting.as_mut());
            other.join().unwrap();
            assert!(first.is_ready() || poll(waiting.as_mut()).is_ready());
        }
        assert_eq!(pool.in_use(), 0);
    });
}

/// [failsafe#393](https://github.com/failsafe-lib/failsafe/issues/393): a release that raced a timeout
/// lost the permit.
#[test]
fn a_waiter_that_gives_up_as_the_permit_comes_loses_none() {
    loom::model(|| {
        let pool = bulkhead();
        core::mem::forget(pool.try_acquire().unwrap());
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.give_back(super::Want::ONE))
        };
        {
            let mut waiting = pin!(pool.acquire_async(&never));
            let _ = poll(waiting.as_mut());
        }
        other.join().unwrap();
        assert_eq!(pool.in_use(), 0);
        assert!(pool.try_acquire().map_err(|error| assert_eq!(error, BulkheadError::Full)).is_ok());
    });
}
