pub(crate) mod echo;
