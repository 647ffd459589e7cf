// SPDX-License-Identifier: Apache-2.0

//! A buildpack on the public framework `libcnb`: it indexes an app's words, and keeps the index for the next build.
//! The same program is bin/detect, bin/build and an exec.d program; its name says which.

use libcnb::build::{BuildContext, BuildResult, BuildResultBuilder};
use libcnb::data::build_plan::{BuildPlanBuilder, Require};
use libcnb::data::launch::{LaunchBuilder, ProcessBuilder, WorkingDirectory};
use libcnb::data::sbom::SbomFormat;
use libcnb::data::store::Store;
use libcnb::data::{exec_d_program_output_key, layer_name, process_type};
use libcnb::detect::{DetectContext, DetectResult, DetectResultBuilder};
use libcnb::exec_d::write_exec_d_program_output;
use libcnb::generic::{GenericMetadata, GenericPlatform};
use libcnb::layer::{CachedLayerDefinition, InvalidMetadataAction, LayerState, RestoredLayerAction, UncachedLayerDefinition};
use libcnb::layer_env::{LayerEnv, ModificationBehavior, Scope};
use libcnb::sbom::Sbom;
use libcnb::{Buildpack, Env, Error, Platform, libcnb_runtime};
use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

struct Words;

#[derive(Debug)]
struct Failed(String);

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Failed> for Error<Failed> {
    fn from(e: Failed) -> Self {
        Error::BuildpackError(e)
    }
}

fn failed(what: &Path) -> impl FnOnce(io::Error) -> Failed {
    let what = what.display().to_string();
    move |e| Failed(format!("{what}: {e}"))
}

fn write(path: PathBuf, text: &str) -> Result<(), Failed> {
    fs::write(&path, text).map_err(failed(&path))
}

impl Buildpack for Words {
    type Platform = GenericPlatform;
    type Metadata = GenericMetadata;
    type Error = Failed;

    fn detect(&self, context: DetectContext<Self>) -> libcnb::Result<DetectResult, Failed> {
        if !context.app_dir.join("words.txt").exists() {
            return DetectResultBuilder::fail().build();
        }
        let mut words = Require::new("words");
        let mut table = GenericMetadata::default().unwrap_or_default();
        table.insert("file".into(), "words.txt".into());
        words.metadata(table).map_err(|e| Failed(e.to_string()))?;
        let plan = BuildPlanBuilder::new().provides("words").requires(words).build();
        DetectResultBuilder::pass().build_plan(plan).build()
    }

    fn build(&self, context: BuildContext<Self>) -> libcnb::Result<BuildResult, Failed> {
        let entry = context.buildpack_plan.entries.first().ok_or_else(|| Failed("no entry".into()))?;
        let file = entry.metadata.get("file").and_then(|v| v.as_str()).unwrap_or("?").to_string();
        let builds = context.store.as_ref().and_then(|s| s.metadata.get("builds")?.as_integer()).unwrap_or(0);
        println!("words: {} of {file}, for {}/{}", entry.name, context.target.os, context.target.arch);
        self.index(&context, &file)?;
        self.launch(&context)?;
        let mut metadata = GenericMetadata::default().unwrap_or_default();
        metadata.insert("builds".into(), (builds + 1).into());
        let launch = LaunchBuilder::new()
            .process(
                ProcessBuilder::new(process_type!("web"), ["cat"])
                    .args(["index"])
                    .default(true)
                    .working_directory(WorkingDirectory::Directory("out".into()))
                    .build(),
            )
            .process(ProcessBuilder::new(process_type!("say"), ["printenv", "WORDS_TOLD", "WORDS_BY"]).build())
            .build();
        BuildResultBuilder::new().launch(launch).store(Store { metadata }).build()
    }
}

impl Words {
    // The index in the app, from the layer's when the words are those of the build before.
    fn index(&self, context: &BuildContext<Self>, file: &str) -> libcnb::Result<(), Failed> {
        let path = context.app_dir.join(file);
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        let layer = context.cached_layer(
            layer_name!("index"),
            CachedLayerDefinition {
                build: true,
                launch: false,
                invalid_metadata_action: &|_: &GenericMetadata| InvalidMetadataAction::<GenericMetadata>::DeleteLayer,
                restored_layer_action: &|old: &GenericMetadata, _: &Path| {
                    let known = old.as_ref().and_then(|t| t.get("text")?.as_str());
                    if known == Some(&text) { RestoredLayerAction::KeepLayer } else { RestoredLayerAction::DeleteLayer }
                },
            },
        )?;
        let kept = layer.path().join("index");
        if let LayerState::Restored { .. } = layer.state {
            println!("words: the index of before");
        } else {
            let words: BTreeSet<&str> = text.split_whitespace().collect();
            println!("words: {} different ones", words.len());
            write(kept.clone(), &(words.into_iter().collect::<Vec<_>>().join("\n") + "\n"))?;
            let mut metadata = GenericMetadata::default().unwrap_or_default();
            metadata.insert("text".into(), text.clone().into());
            layer.write_metadata(metadata)?;
        }
        let out = context.app_dir.join("out");
        fs::create_dir_all(&out).map_err(failed(&out))?;
        fs::copy(&kept, out.join("index")).map_err(failed(&kept))?;
        Ok(())
    }

    fn launch(&self, context: &BuildContext<Self>) -> libcnb::Result<(), Failed> {
        let layer = context.uncached_layer(layer_name!("runtime"), UncachedLayerDefinition { build: false, launch: true })?;
        let by = context.platform.env().get_string_lossy("BP_WORDS_BY").unwrap_or_default();
        layer.write_env(
            LayerEnv::new()
                .chainable_insert(Scope::Launch, ModificationBehavior::Override, "WORDS_BY", by)
                .chainable_insert(Scope::Launch, ModificationBehavior::Delimiter, "WORDS", ",")
                .chainable_insert(Scope::Launch, ModificationBehavior::Append, "WORDS", "last")
                .chainable_insert(Scope::Process("say".into()), ModificationBehavior::Prepend, "WORDS", "first")
                .chainable_insert(Scope::Process("say".into()), ModificationBehavior::Delimiter, "WORDS", ","),
        )?;
        layer.write_exec_d_programs([("tell", context.buildpack_dir.join("bin/build"))])?;
        let bytes = br#"{"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1}"#.to_vec();
        layer.write_sboms(&[Sbom::from_bytes(SbomFormat::CycloneDxJson, bytes)])
    }
}

fn main() {
    let name = env::args().next().map(PathBuf::from);
    if name.as_deref().and_then(Path::file_name) == Some("tell".as_ref()) {
        let words = Env::from_current().get_string_lossy("WORDS").unwrap_or_default();
        write_exec_d_program_output([(exec_d_program_output_key!("WORDS_TOLD"), format!("told {words}"))]);
    } else {
        libcnb_runtime(&Words);
    }
}
