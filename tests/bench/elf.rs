//! Just enough of the ELF format to see how a program was built.

use crate::fault::Fault;

const INTERPRETER: u32 = 3;

/// What an ELF file says of its building.
pub(crate) struct Elf {
    /// Whether it carries lines for a debugger.
    pub(crate) debug: bool,
    /// Whether it runs without a dynamic linker.
    pub(crate) fixed: bool,
}

impl Elf {
    /// Reads a 64-bit little-endian ELF file.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, Fault> {
        if file.get(..6) != Some(b"\x7fELF\x02\x01") {
            return Err("not a 64-bit little-endian ELF file".into());
        }
        let programs = table(file, 32, 54)?;
        let mut fixed = true;
        for at in programs {
            fixed &= number(file, at, 4)? != INTERPRETER as usize;
        }
        let sections: Vec<usize> = table(file, 40, 58)?.collect();
        let names = *sections.get(number(file, 62, 2)?).ok_or("no section of names")?;
        let names = number(file, names + 24, 8)?;
        let mut debug = false;
        for at in sections {
            let name = names + number(file, at, 4)?;
            debug |= file.get(name..).is_some_and(|name| name.starts_with(b".debug_"));
        }
        Ok(Self { debug, fixed })
    }
}

/// Returns where the entries of a table begin, whose offset and whose entries' size and number stand in the header.
fn table(file: &[u8], offset: usize, entries: usize) -> Result<impl Iterator<Item = usize>, Fault> {
    let start = number(file, offset, 8)?;
    let (size, count) = (number(file, entries, 2)?, number(file, entries + 2, 2)?);
    Ok((0..count).map(move |entry| start.saturating_add(entry * size)))
}

fn number(file: &[u8], at: usize, length: usize) -> Result<usize, Fault> {
    let bytes = file.get(at..at.saturating_add(length)).ok_or("the ELF file is cut off")?;
    let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    Ok(usize::try_from(value)?)
}
