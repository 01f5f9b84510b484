// jemalloc's settings in the servers, read by it before main (docs/adr/0011-allocator.md).
//
// What a burst took goes back to the system a second or so later, by a thread of jemalloc's own, so
// that an idle server is small again. Few arenas: threads share them instead of each keeping free
// memory for itself.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,narenas:4";
}
