//! Laws of tags, their order and their choice.
