//! Rosters taken in: read into the ledger, and told what is wrong with them.
//!
//! Holds the verb's dealings with roster files. Called by the verb before a service is needed.

use super::super::failure::{Exit, Failure};
use super::failures::intake_failure;
use super::{Course, meant, words};
use crate::ledger::schema::Ledger;
use crate::provision::intake::{Input, Intake, intake};
use crate::run_dir::RunDir;

impl Course {
    /// Reads the rosters into the ledger, telling everything that is wrong with them at once.
    pub(super) fn take_in(&self, dir: &RunDir, ledger: &mut Ledger) -> Result<(), Failure> {
        let (options, rules) = meant::roster_options(&self.args, self.making.as_ref().map(|(_, seating)| *seating));
        let mut spooled = Vec::new();
        let inputs = self.inputs(dir, &mut spooled)?;
        let mut findings = words::Findings::new(self.voice);
        let taken = intake(ledger, &inputs, &options, rules, &mut |finding| findings.tell(&finding)).map_err(intake_failure)?;
        findings.end();
        match taken {
            Intake::Unchanged => self.voice.say("the roster is the one of the last run, unchanged"),
            Intake::Read(compared) => words::compared(&compared, rules, self.voice),
        }
        Ok(())
    }

    /// What can be read only once is kept for as long as it is read twice: standard input, pipes, process substitutions.
    fn inputs(&self, dir: &RunDir, spooled: &mut Vec<tempfile::NamedTempFile>) -> Result<Vec<Input>, Failure> {
        let mut inputs = Vec::new();
        for path in &self.args.input.rosters {
            let once = path == "-" || std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
            if !once {
                inputs.push(Input { name: path.clone(), path: path.into() });
                continue;
            }
            let name = if path == "-" { "stdin" } else { path };
            let failed = |e: std::io::Error| Failure::new(Exit::Incomplete, format!("{name} cannot be kept: {e}"));
            let mut temp = tempfile::NamedTempFile::new_in(dir.path()).map_err(failed)?;
            match path.as_str() {
                "-" => std::io::copy(&mut std::io::stdin().lock(), temp.as_file_mut()),
                path => std::fs::File::open(path).and_then(|mut pipe| std::io::copy(&mut pipe, temp.as_file_mut())),
            }
            .map_err(failed)?;
            inputs.push(Input { name: name.to_owned(), path: temp.path().to_owned() });
            spooled.push(temp);
        }
        Ok(inputs)
    }
}
