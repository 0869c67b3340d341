//! What others changed about objects that Concentric made.
