//! Rows in PostgreSQL's binary COPY format: nothing to escape, nothing to parse.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::PgCopyIn;
use uuid::Uuid;

use crate::StoreError;

/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Where a row would give its number of columns.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// How much is gathered before it is sent.
const CHUNK: usize = 256 * 1024;
/// 2000-01-01, from where PostgreSQL counts.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Rows on their way into a table.
pub(crate) struct Copy<'a> {
    into: PgCopyIn<&'a mut PgConnection>,
    buffer: Vec<u8>,
    columns: i16,
}

impl<'a> Copy<'a> {
    /// `statement` is a `copy .. from stdin (format binary)` of `columns` columns.
    pub(crate) async fn begin(
        connection: &'a mut PgConnection,
        statement: &str,
        columns: i16,
    ) -> Result<Self, StoreError> {
        let into = connection.copy_in_raw(statement).await?;
        let mut buffer = Vec::with_capacity(CHUNK + CHUNK / 4);
        buffer.extend_from_slice(HEADER);
        Ok(Self { into, buffer, columns })
    }

    /// Writes a row; waits only when PostgreSQL is behind.
    pub(crate) async fn row(&mut self, write: impl FnOnce(&mut Row<'_>)) -> Result<(), StoreError> {
        self.buffer.extend_from_slice(&self.columns.to_be_bytes());
        write(&mut Row { buffer: &mut self.buffer });
        if self.buffer.len() >= CHUNK {
            self.into.send(self.buffer.as_slice()).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Returns how many rows PostgreSQL took.
    pub(crate) async fn finish(mut self) -> Result<u64, StoreError> {
        self.buffer.extend_from_slice(&TRAILER);
        self.into.send(self.buffer.as_slice()).await?;
        Ok(self.into.finish().await?)
    }
}

/// One row being written; its columns must come in the order of the statement.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    buffer: &'a mut Vec<u8>,
}

impl Row<'_> {
    fn null(&mut self) {
        self.buffer.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self.buffer.extend_from_slice(&length.to_be_bytes());
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn uuid(&mut self, value: Option<Uuid>) {
        match value {
            Some(id) => self.bytes(id.as_bytes()),
            None => self.null(),
        }
    }

    /// Text without NUL, which PostgreSQL does not keep.
    pub(crate) fn text(&mut self, value: &str) {
        if value.contains('\0') {
            self.bytes(value.replace('\0', "").as_bytes());
        } else {
            self.bytes(value.as_bytes());
        }
    }

    pub(crate) fn int(&mut self, value: Option<i32>) {
        match value {
            Some(number) => self.bytes(&number.to_be_bytes()),
            None => self.null(),
        }
    }

    pub(crate) fn small(&mut self, value: Option<i16>) {
        match value {
            Some(number) => self.bytes(&number.to_be_bytes()),
            None => self.null(),
        }
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.bytes(&[u8::from(value)]);
    }

    pub(crate) fn time(&mut self, value: Option<DateTime<Utc>>) {
        match value {
            Some(time) => self.bytes(&(time.timestamp_micros() - EPOCH_MICROS).to_be_bytes()),
            None => self.null(),
        }
    }
}
