//! The program is one file that needs nothing else.

use std::fs;

use crate::support::lab::variable;

const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;

/// The program headers of a 64-bit little-endian ELF file: type, offset and size in the file.
fn segments(elf: &[u8]) -> Vec<(u32, usize, usize)> {
    let word = |at: usize| u64::from_le_bytes(elf[at..at + 8].try_into().unwrap());
    let half = |at: usize| u16::from_le_bytes(elf[at..at + 2].try_into().unwrap());
    let offset = usize::try_from(word(0x20)).unwrap();
    let (size, count) = (usize::from(half(0x36)), usize::from(half(0x38)));
    let header = |index: usize| {
        let at = offset + index * size;
        let kind = u32::from_le_bytes(elf[at..at + 4].try_into().unwrap());
        let (from, length) = (word(at + 8), word(at + 32));
        (kind, usize::try_from(from).unwrap(), usize::try_from(length).unwrap())
    };
    (0..count).map(header).collect()
}

/// Says what a binary needs from outside: an interpreter, or libraries.
fn needs_from_outside(elf: &[u8]) -> Vec<&'static str> {
    let mut needs = Vec::new();
    for (kind, from, length) in segments(elf) {
        let entries = elf[from..from + length].chunks_exact(16);
        let mut tags = entries.map(|entry| u64::from_le_bytes(entry[..8].try_into().unwrap()));
        if kind == PT_INTERP {
            needs.push("an interpreter");
        }
        if kind == PT_DYNAMIC && tags.any(|tag| tag == DT_NEEDED) {
            needs.push("a library");
        }
    }
    needs
}

#[test]
fn the_binary_needs_nothing_from_outside() {
    let ours = variable("DOCKER_AUTO_BIN");
    let ours = ours.unwrap_or_else(|| env!("CARGO_BIN_EXE_docker-auto").to_owned());
    assert_eq!(needs_from_outside(&fs::read(ours).unwrap()), Vec::<&str>::new());
    // The shell is dynamically linked: the check sees that.
    let shell = needs_from_outside(&fs::read("/bin/bash").unwrap());
    assert!(shell.contains(&"an interpreter") && shell.contains(&"a library"), "{shell:?}");
}
