//! The schema and the logins.
//!
//! What enters: the URL of a login that may make roles and own the schema. What leaves: the roles
//! `streamguard_owner`, `streamguard_writer`, `streamguard_reader` and `streamguard_analyst` (no logins), and
//! the schema, owned by the first whoever migrates. What holds: several processes may migrate at once, an applied
//! migration is never run again, and a database that is newer than the binary is refused untouched.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::database::{Database, message};
use crate::error::{Error, Result};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// What a login may do; it is a member of the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Migrates, and owns what is there.
    Owner,
    /// Reads all and writes what the consumer writes.
    Writer,
    /// Reads.
    Reader,
    /// Reads, changes the lists and works on what was found: the schema's functions for analysts.
    Analyst,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Writer, Self::Reader, Self::Analyst];

    /// The role's name in PostgreSQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "streamguard_owner",
            Self::Writer => "streamguard_writer",
            Self::Reader => "streamguard_reader",
            Self::Analyst => "streamguard_analyst",
        }
    }
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Where.
    pub target: String,
    /// How many migrations were applied now.
    pub applied: usize,
    /// The newest migration.
    pub version: i64,
}

/// Makes the roles where they are missing and applies pending migrations.
///
/// # Errors
/// The server, the login or the database is not as it must be; a migration failed (nothing of it stays);
/// the database is newer than this binary.
pub fn migrate(owner_url: &str) -> Result<Migrated> {
    let database = Database::new(owner_url, "streamguard migration")?;
    crate::runtime()?.block_on(run(&database))
}

/// Makes a login, or sets the password of one that is there, and gives it a role.
///
/// # Errors
/// As for [`migrate`], which must have run before.
pub fn login(owner_url: &str, name: &str, password: &str, role: Role) -> Result<()> {
    let database = Database::new(owner_url, "streamguard login")?;
    if name.is_empty() || name.len() > 63 || Role::ALL.iter().any(|role| role.name() == name) {
        return Err(Error::Setting(format!("{name:?} cannot be the name of a login")));
    }
    if password.is_empty() {
        return Err(Error::Setting(format!("the password of login {name} is empty")));
    }
    crate::runtime()?.block_on(async {
        let mut connection = database.connect().await.map_err(|error| database.error(&error))?;
        make_login(&mut connection, name, password, role).await.map_err(|error| database.error(&error))
    })
}

/// How often what another session changed at the same moment is tried again, and after how long.
const TRIES: usize = 10;
const BETWEEN: std::time::Duration = std::time::Duration::from_millis(50);

/// The name of the advisory lock that serialises roles and logins within a database.
const LOCK: &str = "SELECT pg_advisory_lock(hashtext('streamguard.migrate'))";

async fn run(database: &Database) -> Result<Migrated> {
    let fail = |error: sqlx::Error| database.error(&error);
    let mut connection = database.connect().await.map_err(fail)?;
    sqlx::query(LOCK).execute(&mut connection).await.map_err(fail)?;
    prepare(&mut connection).await.map_err(fail)?;
    let before = applied(&mut connection).await.map_err(fail)?;
    MIGRATIONS
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| migration_error(database, error))?;
    let after = applied(&mut connection).await.map_err(fail)?;
    Ok(Migrated {
        target: database.target().to_owned(),
        applied: after.len() - before.len(),
        version: after.last().copied().unwrap_or_default(),
    })
}

/// Roles, the owner's right to the schema, and the session as the owner.
async fn prepare(connection: &mut PgConnection) -> sqlx::Result<()> {
    for role in Role::ALL {
        make_role(connection, role.name()).await?;
    }
    retry_concurrent(connection, BECOME_OWNER).await?;
    sqlx::raw_sql("SET ROLE streamguard_owner").execute(&mut *connection).await?;
    Ok(())
}

/// A login that is not a superuser may only become the owner as its member; and only who owns the
/// database can let the owner create in `public`.
const BECOME_OWNER: &str = "DO $$ BEGIN
    IF NOT pg_has_role(current_user, 'streamguard_owner', 'MEMBER') THEN
        EXECUTE format('GRANT streamguard_owner TO %I', current_user);
    END IF;
    IF NOT has_schema_privilege('streamguard_owner', 'public', 'CREATE') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO streamguard_owner;
    END IF;
    IF NOT has_schema_privilege('streamguard_writer', 'public', 'USAGE')
       OR NOT has_schema_privilege('streamguard_reader', 'public', 'USAGE') THEN
        GRANT USAGE ON SCHEMA public TO streamguard_writer, streamguard_reader;
    END IF;
    IF NOT pg_has_role('streamguard_analyst', 'streamguard_reader', 'MEMBER') THEN
        GRANT streamguard_reader TO streamguard_analyst;
    END IF;
    IF NOT has_database_privilege('streamguard_writer', current_database(), 'TEMP') THEN
        EXECUTE format('GRANT TEMP ON DATABASE %I TO streamguard_writer', current_database());
    END IF;
END $$";

async fn make_role(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // Roles belong to the cluster: a process that migrates another database may make the same at this moment.
    let sql = format!(
        "DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
                CREATE ROLE {name} NOLOGIN;
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'the role {name} is missing and % may not make it: as a superuser, CREATE ROLE {name} NOLOGIN',
                    current_user USING ERRCODE = 'insufficient_privilege';
        END $$"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// Grants change rows that the whole cluster shares; two at once end one of them with "tuple concurrently updated", or
/// where both make a membership with a violated unique key of pg_auth_members.
async fn retry_concurrent(connection: &mut PgConnection, sql: &'static str) -> sqlx::Result<()> {
    for _ in 0..TRIES {
        match sqlx::raw_sql(sql).execute(&mut *connection).await {
            Err(error) if is_concurrent(&error) => tokio::time::sleep(BETWEEN).await,
            other => return other.map(drop),
        }
    }
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

/// Another session changed the same role or membership at the same moment.
fn is_concurrent(error: &sqlx::Error) -> bool {
    const DUPLICATE_OBJECT: &str = "42710";
    let is_there = |error: &dyn sqlx::error::DatabaseError| {
        error.is_unique_violation() || error.code().is_some_and(|code| code == DUPLICATE_OBJECT)
    };
    message(error).contains("tuple concurrently updated") || error.as_database_error().is_some_and(is_there)
}

async fn applied(connection: &mut PgConnection) -> sqlx::Result<Vec<i64>> {
    let table: Option<String> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
        .fetch_one(&mut *connection)
        .await?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
        .fetch_all(connection)
        .await
}

fn migration_error(database: &Database, error: MigrateError) -> Error {
    let target = database.target().to_owned();
    match error {
        MigrateError::VersionMissing(version) => Error::NewerSchema { target, version },
        MigrateError::VersionMismatch(version) => Error::Migration {
            target,
            message: format!(
                "migration {version} was applied in another form than this binary has: the database was made by \
                 another build; migrate with the binary that belongs to it, or use an empty database"
            ),
        },
        MigrateError::Execute(error) => database.error(&error),
        MigrateError::ExecuteMigration(error, version) => Error::Migration {
            target,
            message: format!("migration {version} failed and was rolled back: {}", message(&error)),
        },
        other => Error::Migration { target, message: other.to_string() },
    }
}

/// Logins belong to the cluster, too: for another of its databases the same may be made at this moment.
async fn make_login(
    connection: &mut PgConnection,
    name: &str,
    password: &str,
    role: Role,
) -> sqlx::Result<()> {
    for _ in 0..TRIES {
        match try_login(connection, name, password, role).await {
            Err(error) if is_concurrent(&error) => tokio::time::sleep(BETWEEN).await,
            other => return other,
        }
    }
    try_login(connection, name, password, role).await
}

async fn try_login(
    connection: &mut PgConnection,
    name: &str,
    password: &str,
    role: Role,
) -> sqlx::Result<()> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(name)
        .fetch_one(&mut *connection)
        .await?;
    let verb = if exists { "ALTER" } else { "CREATE" };
    // DDL takes no parameters: PostgreSQL itself quotes the name and the password.
    let create: String =
        sqlx::query_scalar("SELECT format($1 || ' ROLE %I LOGIN PASSWORD %L', $2::text, $3::text)")
            .bind(verb)
            .bind(name)
            .bind(password)
            .fetch_one(&mut *connection)
            .await?;
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut *connection).await?;
    let grant: String = sqlx::query_scalar("SELECT format('GRANT %I TO %I', $1::text, $2::text)")
        .bind(role.name())
        .bind(name)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::raw_sql(AssertSqlSafe(grant)).execute(connection).await.map(drop)
}

/// Whether the schema is the one that this binary writes.
pub(crate) async fn check(database: &Database, connection: &mut PgConnection) -> Result<()> {
    let applied = applied(connection).await.map_err(|error| database.error(&error))?;
    if let Some(version) = applied.iter().copied().find(|version| !MIGRATIONS.version_exists(*version)) {
        return Err(Error::NewerSchema { target: database.target().to_owned(), version });
    }
    let missing = MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)).count();
    if missing == 0 {
        return Ok(());
    }
    let what =
        if applied.is_empty() { "the schema is missing" } else { "the schema is older than this binary" };
    Err(Error::Migration {
        target: database.target().to_owned(),
        message: format!("{what}: run `streamguard db migrate` with DATABASE_OWNER_URL set"),
    })
}
