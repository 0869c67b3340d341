//! Compiles the crate again when a migration changes, which the embedded ones would miss.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
