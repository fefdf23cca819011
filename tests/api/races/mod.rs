//! Interleavings and crashes: a test holds a call between the SDK and the engine while the rest
//! happens, or kills the process at it. All run on tokio's paused clock, so that a call can be held
//! for as long as a test needs, and so that no deadline depends on the machine.

mod calls;
mod creations;
mod crowds;
mod exports;
mod import_links;
mod imports;
mod items;
mod leftovers;
mod links;
mod lists;
mod locks;
mod operator;
mod readers;
mod restores;
mod world;
