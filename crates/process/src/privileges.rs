//! Giving up the rights of root, once what needed them is done.

use std::fmt;
use std::io;

use firewhirl_tcp::is_rehearsal;

/// Becomes another user, for good: after low ports are bound and before anybody is served.
///
/// `user` and `group` are names or numbers; without a group it is the user's own. The supplementary groups
/// become those of the user. All threads of the process change. That root's rights cannot be had back is
/// tried out. A process that is this user and group already is left as it is; so is a
/// [rehearsal](firewhirl_tcp::is_rehearsal).
///
/// Files that were opened before stay open, listening sockets too. On macOS it is not supported.
///
/// # Errors
///
/// [`PrivilegesError`]. The identity may have changed in part then, so the process should end.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_process::drop_privileges;
/// use firewhirl_tcp::{BindOptions, bind_sockets};
///
/// let sockets = bind_sockets(80, &BindOptions::default())?;
/// drop_privileges("www-data", None)?;
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn drop_privileges(user: &str, group: Option<&str>) -> Result<(), PrivilegesError> {
    if is_rehearsal() {
        return Ok(());
    }
    identity::become_user(user, group)
}

/// The numbers of the user and the group that [`drop_privileges`] would become: for files that are to be theirs.
///
/// # Errors
///
/// [`PrivilegesError`], if there is no such user or group.
///
/// # Examples
///
/// ```
/// # if cfg!(target_os = "linux") {
/// assert_eq!(firewhirl_process::user_and_group("root", None)?, (0, 0));
/// # }
/// # Ok::<(), firewhirl_event::Error>(())
/// ```
pub fn user_and_group(user: &str, group: Option<&str>) -> Result<(u32, u32), PrivilegesError> {
    identity::user_and_group(user, group)
}

#[cfg(not(target_vendor = "apple"))]
mod identity {
    use std::ffi::CString;
    use std::io;

    use nix::unistd::{Gid, Group, Uid, User, geteuid, getresgid, getresuid, initgroups, setgroups};
    use nix::unistd::{setgid, setresgid, setresuid, setuid};

    use super::PrivilegesError;

    pub(super) fn user_and_group(user: &str, group: Option<&str>) -> Result<(u32, u32), PrivilegesError> {
        let (uid, gid, _) = find(user, group)?;
        Ok((uid.as_raw(), gid.as_raw()))
    }

    pub(super) fn become_user(user: &str, group: Option<&str>) -> Result<(), PrivilegesError> {
        let (uid, gid, known) = find(user, group)?;
        if !is_all(uid, gid)? {
            if !geteuid().is_root() {
                return Err(PrivilegesError::NotRoot(user.to_owned()));
            }
            match known {
                Some(known) => {
                    let name = CString::new(known.name).map_err(|_| PrivilegesError::NoUser(user.to_owned()))?;
                    initgroups(&name, gid).map_err(refused)?;
                }
                None => setgroups(&[gid]).map_err(refused)?,
            }
            // The group first: without root's rights it could not be changed any more.
            setresgid(gid, gid, gid).map_err(refused)?;
            setresuid(uid, uid, uid).map_err(refused)?;
        }
        let root = (Uid::from_raw(0), Gid::from_raw(0));
        let user_regained = uid != root.0 && setuid(root.0).is_ok();
        let group_regained = uid != root.0 && gid != root.1 && setgid(root.1).is_ok();
        if user_regained || group_regained || !is_all(uid, gid)? {
            return Err(PrivilegesError::NotDropped(user.to_owned()));
        }
        Ok(())
    }

    /// Whether the real, effective and saved identities are these.
    fn is_all(uid: Uid, gid: Gid) -> Result<bool, PrivilegesError> {
        let (users, groups) = (getresuid().map_err(refused)?, getresgid().map_err(refused)?);
        let users = [users.real, users.effective, users.saved];
        let groups = [groups.real, groups.effective, groups.saved];
        Ok(users.iter().all(|own| *own == uid) && groups.iter().all(|own| *own == gid))
    }

    fn find(user: &str, group: Option<&str>) -> Result<(Uid, Gid, Option<User>), PrivilegesError> {
        let (uid, known) = find_user(user)?;
        let gid = match group {
            Some(group) => find_group(group)?,
            None => match &known {
                Some(known) => known.gid,
                None => return Err(PrivilegesError::NoGroup(user.to_owned())),
            },
        };
        Ok((uid, gid, known))
    }

    fn find_user(name: &str) -> Result<(Uid, Option<User>), PrivilegesError> {
        if let Some(user) = User::from_name(name).map_err(refused)? {
            return Ok((user.uid, Some(user)));
        }
        let number = name.parse().map_err(|_| PrivilegesError::NoUser(name.to_owned()))?;
        let uid = Uid::from_raw(number);
        Ok((uid, User::from_uid(uid).map_err(refused)?))
    }

    fn find_group(name: &str) -> Result<Gid, PrivilegesError> {
        if let Some(group) = Group::from_name(name).map_err(refused)? {
            return Ok(group.gid);
        }
        name.parse().map(Gid::from_raw).map_err(|_| PrivilegesError::UnknownGroup(name.to_owned()))
    }

    fn refused(error: nix::Error) -> PrivilegesError {
        PrivilegesError::Refused(io::Error::from(error))
    }
}

#[cfg(target_vendor = "apple")]
mod identity {
    use super::PrivilegesError;

    pub(super) fn user_and_group(user: &str, group: Option<&str>) -> Result<(u32, u32), PrivilegesError> {
        become_user(user, group).map(|()| (0, 0))
    }

    pub(super) fn become_user(_user: &str, _group: Option<&str>) -> Result<(), PrivilegesError> {
        let message = "not supported on this system; start the service as the user that it is to be";
        Err(PrivilegesError::Refused(std::io::Error::new(std::io::ErrorKind::Unsupported, message)))
    }
}

/// Why the process is not the user that it was to be.
#[derive(Debug)]
#[non_exhaustive]
pub enum PrivilegesError {
    /// There is no such user.
    NoUser(String),
    /// There is no such group.
    UnknownGroup(String),
    /// A user that is given by its number, and that the system does not know, has no group of its own.
    NoGroup(String),
    /// Only root can become this user.
    NotRoot(String),
    /// The rights of root could be had back.
    NotDropped(String),
    /// The system has refused it.
    Refused(io::Error),
}

impl fmt::Display for PrivilegesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUser(user) => write!(f, "there is no user {user}; `getent passwd` lists them"),
            Self::UnknownGroup(group) => write!(f, "there is no group {group}; `getent group` lists them"),
            Self::NoGroup(user) => write!(f, "user {user} is not known here, so a group has to be given too"),
            Self::NotRoot(user) => {
                write!(f, "only root can become user {user}; start as root, or as {user} and without asking for it")
            }
            Self::NotDropped(user) => {
                write!(f, "root's rights could be had back after becoming user {user}; check the system's capabilities")
            }
            Self::Refused(error) => write!(f, "the system refuses the change of user: {error}"),
        }
    }
}

impl std::error::Error for PrivilegesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}
