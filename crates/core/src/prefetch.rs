//! A hint that memory will be looked at soon.

#![allow(unsafe_code, reason = "the processor's hint has no safe form")]

/// Asks the processor to bring `value` near, for it will be looked at in a moment, and waits for
/// nothing: its first byte and its last, so all of it up to two lines of the processor's cache. Does
/// nothing on processors other than x86-64.
///
/// Pays where it is known long before what will be looked at, and the reading itself would have to
/// wait: a list whose last entry leaves knows which one leaves next.
///
/// ```
/// let entries = vec![1_u64; 1000];
/// voussoir_core::prefetch(&entries[500]);
/// ```
#[inline]
pub fn prefetch<T>(value: &T) {
    let first = core::ptr::from_ref(value).addr();
    prefetch_address(first);
    prefetch_address(first.wrapping_add(size_of::<T>().saturating_sub(1)));
}

/// The same for the line of cache at `address`, if there is one.
#[inline]
#[cfg(all(target_arch = "x86_64", target_feature = "sse", not(miri)))]
pub(crate) fn prefetch_address(address: usize) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    // SAFETY: the instruction is there, and it reads nothing that a program can see, and faults at no
    // address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::without_provenance(address)) }
}

/// Elsewhere there is no stable way to ask.
#[inline]
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse", not(miri))))]
pub(crate) const fn prefetch_address(_address: usize) {}
