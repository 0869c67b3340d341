//! What should be there, computed whole from the settings and the ring set.
