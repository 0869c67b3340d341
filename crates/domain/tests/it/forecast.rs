//! Forecasts held against the true planner, which is played to its end.

mod calibration;
mod cases;
mod pace;
mod played;
mod properties;
