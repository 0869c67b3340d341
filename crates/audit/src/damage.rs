//! What can be wrong with a trail, and where.

use crate::hex::PublicKey;

/// The first damage that was found; nothing behind it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} (entry {seq})")]
pub struct Damage {
    /// The first entry in doubt.
    pub seq: i64,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum What {
    #[error("this is no line of an export, or not as one is written")]
    Unreadable,
    #[error("the export does not begin with its header")]
    NoHeader,
    #[error("the format of the export is not known to this version")]
    UnknownFormat,
    #[error("a second header")]
    SecondHeader,
    #[error("an entry is missing, or is out of order")]
    OutOfOrder,
    #[error("the entry does not name the one before it")]
    PreviousDiffers,
    #[error("the entry is not what was hashed")]
    HashDiffers,
    #[error("this is of another tenant")]
    OtherTenant,
    #[error("the checkpoint does not stand behind the entry it is of")]
    CheckpointMisplaced,
    #[error("a checkpoint is missing")]
    CheckpointMissing,
    #[error("the chain was written anew: the checkpoint has another hash")]
    CheckpointDiffers,
    #[error("the signature of the checkpoint is not its key's")]
    BadSignature,
    #[error("the checkpoint is signed by {0}, which is not trusted")]
    UnknownKey(PublicKey),
    #[error("two checkpoints disagree about one entry")]
    CheckpointsDisagree,
    #[error("the export says that it ends elsewhere")]
    EndDiffers,
    #[error("the export has no end: it was cut off")]
    NoEnd,
    #[error("something stands behind the end of the export")]
    BehindEnd,
    #[error("entries are missing at the end: a checkpoint outside covers them")]
    CutOff,
}
