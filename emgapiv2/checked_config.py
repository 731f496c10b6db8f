"""Reads the settings and checks them as a whole.

A variable that names no setting, or a value of the wrong type, stops the start: a typo must not silently mean
"the default".
"""

import json
import os
from typing import get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsError

from emgapiv2.config import PREFIX, SEPARATOR, EMGConfig

SHORTEST_KEY = 32
# Read elsewhere than here: the failpoints of the kill tests.
OUTSIDE_THE_TREE = {"EMG_FAILPOINT", "EMG_FAILPOINTS_ENABLED"}


NO_SETTINGS = """There are no settings here. Either
  start a stack in another terminal (task run): these commands then work on it; or
  set those of an installation: docs/settings.md, EMG_WEB__SECRET_KEY first."""


class WrongSettings(SystemExit):
    """The start stops here, with every fault at once."""


def load_config() -> EMGConfig:
    """Read and check the environment.

    :raises WrongSettings: one line for each unknown variable, missing or wrong value
    """
    faults = [f"{name}: no such setting" for name in sorted(os.environ) if _is_unknown(name)]
    try:
        config = EMGConfig()
    except ValidationError as error:
        faults += [f"{_variable(fault['loc'])}: {fault['msg']} (got {fault['input']!r})" for fault in error.errors()]
    except SettingsError as error:
        broken = [name for name in sorted(os.environ) if _is_broken_json(name)]
        faults += [f'{name}: lists and tables are written as JSON, such as ["a", "b"]' for name in broken]
        faults += [] if broken else [str(error)]
    else:
        faults += _faults_of_keys(config)
        if config.ena.standin_url and config.environment == "production":
            faults.append("EMG_ENA__STANDIN_URL: a stand-in ENA is refused in production")
    if faults and not any(name.startswith(PREFIX) for name in os.environ):
        raise WrongSettings(NO_SETTINGS)
    if faults:
        raise WrongSettings("Wrong settings, nothing was started:\n  " + "\n  ".join(dict.fromkeys(faults)))
    return config


def _faults_of_keys(config: EMGConfig) -> list[str]:
    """What is wrong with the keys; a fault names the key, never its value."""
    needed = {"EMG_WEB__SECRET_KEY": config.web.secret_key, "EMG_WEBIN__JWT_SECRET_KEY": config.webin.jwt_secret_key}
    signing = {f"EMG_DOWNLOADS__SIGNING_KEYS {name}": key for name, key in config.downloads.signing_keys.items()}
    texts = {name: key.get_secret_value() for name, key in (needed | signing).items() if key}
    lacking = [] if config.web.debug else [name for name in needed if not texts.get(name)]
    faults = [f"{name}: required unless EMG_WEB__DEBUG is true" for name in lacking]
    if len(set(texts.values())) < len(texts):
        faults.append(f"{', '.join(texts)}: no two may be equal, or one leak opens two doors")
    if len(texts.get("EMG_WEBIN__JWT_SECRET_KEY", "x" * SHORTEST_KEY)) < SHORTEST_KEY:
        faults.append(f"EMG_WEBIN__JWT_SECRET_KEY: HS256 needs at least {SHORTEST_KEY} characters")
    return faults


def _variable(path: tuple[int | str, ...]) -> str:
    return PREFIX + SEPARATOR.join(str(part) for part in path).upper()


def _is_unknown(name: str) -> bool:
    if not name.startswith(PREFIX) or name in OUTSIDE_THE_TREE:
        return False
    group, _, key = name.removeprefix(PREFIX).lower().partition(SEPARATOR)
    if group not in EMGConfig.model_fields:
        return True
    return bool(key) and key.split(SEPARATOR)[0] not in _settings_of(group)


def _is_broken_json(name: str) -> bool:
    group, _, key = name.removeprefix(PREFIX).lower().partition(SEPARATOR)
    field = _settings_of(group).get(key) if name.startswith(PREFIX) else None
    is_whole_group = name.startswith(PREFIX) and not key and bool(_settings_of(group))
    if not is_whole_group and (field is None or get_origin(field.annotation) not in (list, dict)):
        return False
    try:
        json.loads(os.environ[name])
    except ValueError:
        return True
    return False


def _settings_of(group: str) -> dict[str, FieldInfo]:
    field = EMGConfig.model_fields.get(group)
    return getattr(field.annotation, "model_fields", {}) if field else {}
