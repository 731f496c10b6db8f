from analyses.schemas import NewDownload
from analyses.services.adopt_runs import adopt_runs
from analyses.services.adopt_samples import adopt_samples
from analyses.services.adopt_study import adopt_study
from analyses.services.import_results import ImportedResult, ResultRefused, import_results
from analyses.services.infer_experiment_types import SelectionRow, preview_selection
from analyses.services.plan_analyses import PlannedAnalyses, StudyNotAnalysable, plan_analyses
from analyses.services.publish_analysis import LevelChanged, Verified, area_for, publish_analysis
from analyses.services.refresh_study import RefreshStopped, refresh_study
from analyses.services.replace_downloads import replace_downloads
from analyses.services.set_study_biome import UnknownBiome, set_study_biome
from analyses.services.set_study_title import set_study_title

__all__ = [
    "ImportedResult",
    "LevelChanged",
    "NewDownload",
    "PlannedAnalyses",
    "RefreshStopped",
    "ResultRefused",
    "SelectionRow",
    "StudyNotAnalysable",
    "UnknownBiome",
    "Verified",
    "adopt_runs",
    "adopt_samples",
    "adopt_study",
    "area_for",
    "import_results",
    "plan_analyses",
    "preview_selection",
    "publish_analysis",
    "refresh_study",
    "replace_downloads",
    "set_study_biome",
    "set_study_title",
]
