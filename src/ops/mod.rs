//! The verbs: each file is one story in order; nothing here prints, exits, or reads the environment.
