//! The C library's heap.

/// Has all threads allocate from one heap. glibc gives threads heaps of their own, and each keeps what it took once: behind half an
/// hour of a fleet at work that is more than all that is in use. Other C libraries have one heap anyway. To be called before
/// there are threads.
pub fn share_one() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "no safe function does it; proved here")]
        // SAFETY: mallopt(3) takes two numbers and sets one of the allocator's, under the allocator's own lock; allocations that
        // were made stay where they are.
        let set = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
        if set == 0 {
            tracing::debug!("the heap is not shared: more memory is kept");
        }
    }
}
