//! ODK text form of values, in and out.
