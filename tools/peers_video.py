"""The published way of colouring a video, for bench_peers.py: ffmpeg, skimage, PyTorch, ffmpeg."""
import subprocess
import time

import numpy as np
import torch
import torch.nn.functional as F
from skimage.color import lab2rgb, rgb2lab

import torch_peer

SAMPLE = torch_peer.ROOT / "samples/his_girl_friday_1940.mp4"
FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]


def make_film(path, h, w, frames):
    """A piece of the sample, of that size."""
    subprocess.run([*FFMPEG, "-i", SAMPLE, "-an", "-vf", f"scale={w}:{h}", "-frames:v", str(frames),
                    "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", path],
                   check=True, capture_output=True, text=True)
    return path


def size_of(film):
    """(height, width, frame rate as ffmpeg writes it)"""
    text = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                           "stream=height,width,r_frame_rate", "-of", "default=nk=1:nw=1", film],
                          check=True, capture_output=True, text=True).stdout
    width, height, rate = text.split()
    return int(height), int(width), rate


def predict(network, lightness, size):
    """a, b [h][w][2] of L* [h][w]; size: short side the network works at, 0: all."""
    h, w = lightness.shape
    x = torch.from_numpy(lightness.astype(np.float32))[None, None]
    if size and size < min(h, w):
        x = F.interpolate(x, scale_factor=size / min(h, w), mode="area")
    ab = network(x)
    if ab.shape[2:] != (h, w):
        ab = F.interpolate(ab, (h, w), mode="bilinear", align_corners=False)
    return ab[0].permute(1, 2, 0).numpy()


def try_network(network, h, w):
    predict(network, np.full((h, w), 50.0), 0)


def colour_frame(network, rgb, size):
    lab = rgb2lab(rgb)
    lab[..., 1:] = predict(network, lab[..., 0], size)
    return (255 * np.clip(lab2rgb(lab), 0, 1)).round().astype(np.uint8)


def colour(film, output, network, size):
    """Seconds."""
    h, w, rate = size_of(film)
    begin = time.perf_counter()
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    with subprocess.Popen([*FFMPEG, "-i", film, *raw, "-"], stdout=subprocess.PIPE) as decode, \
            subprocess.Popen([*FFMPEG, *raw, "-s", f"{w}x{h}", "-r", rate, "-i", "-", "-c:v",
                              "libx264", "-crf", "18", "-pix_fmt", "yuv420p", output],
                             stdin=subprocess.PIPE) as encode:
        while data := decode.stdout.read(h * w * 3):
            rgb = np.frombuffer(data, np.uint8).reshape(h, w, 3)
            encode.stdin.write(colour_frame(network, rgb, size).tobytes())
        encode.stdin.close()
        decode.wait()
        encode.wait()
    if decode.returncode or encode.returncode:
        raise subprocess.CalledProcessError(decode.returncode or encode.returncode,
                                            ["ffmpeg", film])
    return time.perf_counter() - begin
