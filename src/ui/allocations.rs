//! Counts what a piece of code takes from the heap, for the tests that bound it.

#![expect(unsafe_code, reason = "an allocator cannot be written without; this one only counts and hands over")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // Neither made nor dropped on the heap, so that counting never allocates.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count for each thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that ends may allocate after its count is gone.
    let _gone = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: each call goes to the system's allocator with the arguments that it came with, and so keeps its contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as for this method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as for this method.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as for this method.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as for this method.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Does some work; returns its answer, and how often it allocated on this thread.
pub(crate) fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = COUNT.get();
    let answer = work();
    (answer, COUNT.get() - before)
}

#[test]
fn every_allocation_counts() {
    assert_eq!(counted(|| 1 + 1).1, 0);
    assert_eq!(counted(|| Box::new(1_u64)).1, 1);
    let mut grown = Vec::with_capacity(1);
    grown.push(1_u8);
    assert_eq!(counted(|| grown.reserve(1000)).1, 1);
}
