//! The guide: chapters of `docs/`, rendered here so that their examples are tested.
