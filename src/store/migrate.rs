//! Brings a database from the schema it has to the one that this version writes, step by step.

use redb::{Database, ReadableDatabase as _, TableError, WriteTransaction};

use super::fault::Fault;
use super::table;

/// Takes a database from one schema to the next; runs in one transaction with its number.
pub(super) type Step = fn(&WriteTransaction) -> Result<(), redb::Error>;

/// The steps; the schema's number is how many of them a database has behind it. The tables that a
/// version has more than the one before are made by making all that are missing.
pub(super) const STEPS: &[Step] =
    &[table::create_all, table::create_all, table::create_all, table::create_all];

const SCHEMA: &str = "schema";

/// Runs the steps that the database has not behind it. A step that fails leaves the database as the
/// step before it made it.
pub(super) fn migrate(database: &Database, steps: &[Step]) -> Result<(), Fault> {
    let found = schema(database)?;
    let known = u64::try_from(steps.len()).unwrap_or(u64::MAX);
    if found > known {
        return Err(Fault::Newer { found, known });
    }
    let ahead = steps.iter().zip(1..).filter(|(_, number)| *number > found);
    for (step, number) in ahead {
        let write = database.begin_write()?;
        step(&write)?;
        write.open_table(table::META)?.insert(SCHEMA, number)?;
        write.commit()?;
        if found > 0 {
            log::info!(action = "migrate"; "the database has schema {number} now");
        }
    }
    Ok(())
}

fn schema(database: &Database) -> Result<u64, Fault> {
    match database.begin_read()?.open_table(table::META) {
        Ok(meta) => Ok(meta.get(SCHEMA)?.map_or(0, |number| number.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{ReadableTable as _, TableDefinition};

    use super::*;

    const NAMES: TableDefinition<u64, &str> = TableDefinition::new("names");
    const BY_NAME: TableDefinition<&str, u64> = TableDefinition::new("by_name");

    fn first(write: &WriteTransaction) -> Result<(), redb::Error> {
        write.open_table(NAMES)?.insert(7, "web")?;
        Ok(())
    }

    fn second(write: &WriteTransaction) -> Result<(), redb::Error> {
        let mut by_name = write.open_table(BY_NAME)?;
        for entry in write.open_table(NAMES)?.iter()? {
            let (number, name) = entry?;
            by_name.insert(name.value(), number.value())?;
        }
        Ok(())
    }

    fn fails(write: &WriteTransaction) -> Result<(), redb::Error> {
        write.open_table(NAMES)?.insert(7, "half done")?;
        Err(redb::Error::Corrupted("for the test".into()))
    }

    fn empty() -> Database {
        Database::builder().create_with_backend(InMemoryBackend::new()).unwrap()
    }

    #[test]
    fn an_older_schema_is_brought_forward_step_by_step() {
        let database = empty();
        migrate(&database, &[first]).unwrap();
        assert_eq!(schema(&database).unwrap(), 1);
        migrate(&database, &[first, second]).unwrap();
        assert_eq!(schema(&database).unwrap(), 2);
        let read = database.begin_read().unwrap();
        let by_name = read.open_table(BY_NAME).unwrap();
        assert_eq!(by_name.get("web").unwrap().unwrap().value(), 7);
        migrate(&database, &[fails, fails]).unwrap();
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let database = empty();
        assert!(migrate(&database, &[first, fails, second]).is_err());
        assert_eq!(schema(&database).unwrap(), 1);
        let read = database.begin_read().unwrap();
        let names = read.open_table(NAMES).unwrap();
        assert_eq!(names.get(7).unwrap().unwrap().value(), "web");
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let database = empty();
        migrate(&database, &[first, second]).unwrap();
        let refused = migrate(&database, &[first]);
        assert!(matches!(refused, Err(Fault::Newer { found: 2, known: 1 })), "{refused:?}");
    }
}
