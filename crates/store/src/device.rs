//! The device database: who the device is, its changes, its forms, its journal, and what sync told it.
