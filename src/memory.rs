//! What allocates memory, and in which pages.
//!
//! What holds: what a burst took goes back to the system, page by page.

// For librdkafka, too: each of its messages is allocated in one thread and freed in another.
#[cfg(feature = "kafka")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Has the system give this process small pages only. The allocator asks for pages of 2 MB, of which one that holds
/// anything at all is resident as a whole: with a million accounts that was a third of the memory, and with 100,000
/// nothing was faster for it (docs/performance.md). Where the system does not know how, it stays as it is.
pub(crate) fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
