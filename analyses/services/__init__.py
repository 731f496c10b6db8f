from analyses.schemas import NewDownload
from analyses.services.import_results import ImportedResult, ResultRefused, import_results
from analyses.services.plan_analyses import (
    PlannedAnalyses,
    SelectionRow,
    StudyNotAnalysable,
    plan_analyses,
    preview_selection,
)
from analyses.services.publish_analysis import LevelChanged, Verified, area_for, publish_analysis
from analyses.services.replace_downloads import replace_downloads

__all__ = [
    "ImportedResult",
    "LevelChanged",
    "NewDownload",
    "PlannedAnalyses",
    "ResultRefused",
    "SelectionRow",
    "StudyNotAnalysable",
    "Verified",
    "area_for",
    "import_results",
    "plan_analyses",
    "preview_selection",
    "publish_analysis",
    "replace_downloads",
]
