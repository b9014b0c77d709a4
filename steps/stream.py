"""Then: what the streams must deliver: rate, codec, sound."""

from __future__ import annotations

from dataclasses import replace

from pytest_bdd import parsers, then

from assessment.measurement import Measurement
from assessment.reason import Reason
from assessment.recording import Recording
from probes.audio import measure_audio
from probes.frame_rate import measure_frame_rate
from probes.video_codec import measure_video_codec
from steps.acceptance import HarnessError, ScenarioRun
from steps.conclusion import Conclusion
from targets.site import Point

_CODECS = {"H.264": ("h264", "H264"), "MJPEG": ("mjpeg", "JPEG"), "H.265": ("h265", "H265")}
_PRESCRIBED_AUDIO = {"G.711A": "g711", "G.711U": "g711", "G.722.1": "g7221", "G.726": "g726"}


@then(parsers.re(r"每台摄像机的帧率不低于(?P<rate>\d+)帧每秒"))
def frame_rate_is_high_enough(scenario_run: ScenarioRun, rate: str) -> None:
    if not scenario_run.at_least("frame-rate", float(rate)):
        raise HarnessError(f"the feature says {rate} fps, the catalogue another rate")
    kind = scenario_run.main_stream

    def judge(point: Point) -> Conclusion:
        measured = scenario_run.acceptance.once(
            measure_frame_rate, scenario_run.recording(kind, point)
        )
        return _despite_doubt(scenario_run, measured)

    scenario_run.judge_each(judge)


def _despite_doubt(run: ScenarioRun, measured: Measurement) -> Conclusion:
    """A doubt that could only lower the rate does not save a camera that is too slow anyway."""
    concluded = run.compare(measured)
    if measured.spoilt is not None and measured.details.get("upper_holds"):
        certain = run.compare(replace(measured, spoilt=None))
        if certain.verdict == "fail":
            return replace(certain, measurements=(measured,))
    return concluded


@then("每台摄像机的画面均匀到达而不断续")
def pictures_arrive_steadily(scenario_run: ScenarioRun) -> None:
    kind = scenario_run.main_stream

    def judge(point: Point) -> Conclusion:
        measured = scenario_run.acceptance.once(
            measure_frame_rate, scenario_run.recording(kind, point)
        )
        steadiness = measured.details.get("steadiness")
        if steadiness is None:
            return Conclusion.spoilt(measured)
        parameters = {"gap": measured.details["longest_gap_s"] * 1000}
        if steadiness == "bursts":
            return Conclusion.broken("frame-rate.unsteady", measured, **parameters)
        if steadiness == "stalled":
            return Conclusion.open("frame-rate.stalled", measured, **parameters)
        return Conclusion.met("frame-rate.steady", measured, **parameters)

    scenario_run.judge_each(judge)


@then(parsers.re(r"每台摄像机的码流确为(?P<codec>H\.264|MJPEG|H\.265)且能解码"))
def stream_is_in_codec(scenario_run: ScenarioRun, codec: str) -> None:
    name, expected = _CODECS[codec]

    def judge(point: Point) -> Conclusion:
        recording = scenario_run.recording(f"stream:codec-{name}", point)
        measured = measure_video_codec(recording)
        if _lists_others_only(recording, expected):
            return Conclusion.broken(f"codec-{name}.not-offered", measured)
        if measured.spoilt is not None:
            return Conclusion.spoilt(measured)
        if measured.value != expected:
            found = str(measured.value)
            return Conclusion.broken(f"codec-{name}.other-codec", measured, found=found)
        examined, decoded = measured.details["examined"], measured.details["decoded"]
        wrong_markers = (measured.details.get("restart_markers") or {}).get("wrong", 0)
        if not examined:
            return Conclusion.open(f"codec-{name}.nothing-examined", measured)
        if decoded < examined or measured.details["guessed"] or wrong_markers:
            return Conclusion.broken(
                f"codec-{name}.not-decodable", measured, decoded=decoded, examined=examined
            )
        return Conclusion.met(f"codec-{name}.decoded", measured, decoded=decoded)

    scenario_run.judge_each(judge)


def _lists_others_only(recording: Recording, encoding: str) -> bool:
    """Whether the device itself listed its encodings, and this is not among them.

    A device that has no such list (it only streams) may have the codec all the same.
    """
    problem = recording.problem
    return (
        problem is not None
        and problem.code == "visit.not-offered"
        and problem.parameters.get("what") == encoding
        and problem.parameters.get("detail") == "encoder options"
    )


@then("每台摄像机的音频采用规定的编码且有声")
def sound_is_as_prescribed(scenario_run: ScenarioRun) -> None:
    kind = scenario_run.main_stream
    scenario_run.judge_each(
        lambda point: _judge_sound(measure_audio(scenario_run.recording(kind, point)))
    )


def _judge_sound(measured: Measurement) -> Conclusion:
    if measured.spoilt is not None and measured.spoilt.code == "audio.no-audio":
        return Conclusion.broken("audio-codec.none", measured)
    if measured.spoilt is not None:
        return Conclusion.spoilt(measured)
    details = measured.details
    prescribed = _PRESCRIBED_AUDIO.get(str(measured.value))
    if prescribed is None:
        return Conclusion.broken("audio-codec.other-codec", measured, found=str(measured.value))
    if details["rate_agrees"] is False:
        return Conclusion.broken(
            "audio-codec.wrong-sample-rate",
            measured,
            declared=details["clock_rate"],
            measured=details["sampling_rate"][0],
        )
    if not details["decodable"]:
        return Conclusion.open("audio-codec.no-decoder", measured, codec=str(measured.value))
    if details["loudness"] is None:
        return Conclusion.open("audio-codec.not-decoded", measured)
    content = details["loudness"]["content"]
    if content != "sound":
        outcome = "silent" if content == "digital-silence" else "only-noise"
        return replace(
            Conclusion.open(f"audio-codec.{outcome}", measured),
            settle=Reason("settle.make-a-sound"),
        )
    return Conclusion.met("audio-codec.sounds", measured, codec=str(measured.value))
