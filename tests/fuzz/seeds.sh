#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the seeds of tests/fuzz/corpus/: the smallest files of each kind that the encoders here give. Run by hand when a
# format is added; minimised finds lie beside the seeds under other names and are left alone.
# Needs ffmpeg, heif-enc and img2webp (Debian: ffmpeg, libheif-examples, webp).
set -eu
cd "$(dirname "$0")/corpus"
mkdir -p picture video exif structure text arguments records index database align worker tmk patches region

make() { ffmpeg -nostdin -hide_banner -loglevel error -y -bitexact "$@"; }
still() { make -f lavfi -i testsrc2=s=24x16:r=1 -frames:v 1 "$@"; }
moving() { make -f lavfi -i testsrc2=s=24x16:r=5 -frames:v 3 "$@"; }
# A video of 32x32: some encoders refuse less.
clip() { make -f lavfi -i testsrc2=s=32x32:r=5 -frames:v 4 -map_metadata -1 "$@"; }

still -c:v mjpeg -q:v 20 -pix_fmt yuvj420p picture/jpeg.jpg
# Large enough to be decoded at a half of its size.
make -f lavfi -i color=gray:s=520x512:r=1 -frames:v 1 -c:v mjpeg -q:v 31 -pix_fmt yuvj420p picture/large.jpg
still -pix_fmt rgb24 picture/rgb.png
still -pix_fmt pal8 picture/palette.png
still -pix_fmt rgba64be picture/rgba64.png
still -c:v libwebp -lossless 1 picture/lossless.webp
still -c:v libwebp -pix_fmt yuv420p picture/lossy.webp
still picture/still.bmp
still -pix_fmt rgb24 picture/still.tiff
still -pix_fmt gray -compression_algo lzw picture/lzw.tiff
still -c:v libjxl -distance 1 picture/still.jxl
still -c:v libaom-av1 -still-picture 1 -cpu-used 8 picture/still.avif
moving picture/moving.gif
moving -f apng picture/moving.apng
moving -c:v libwebp_anim -loop 0 picture/moving.webp
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
still "$work/still.png"
heif-enc "$work/still.png" -o picture/still.heic >/dev/null

clip -c:v libx264 -preset ultrafast -x264-params no-info=1 -f h264 video/h264.h264
clip -c:v libx264 -preset ultrafast video/h264.mp4
clip -c:v libx265 -x265-params log-level=none:info=0 video/hevc.mp4
clip -c:v mpeg4 video/mpeg4.avi
clip -c:v libvpx -b:v 50k video/vp8.webm
clip -c:v libvpx-vp9 -b:v 50k video/vp9.webm
clip -c:v mpeg2video video/mpeg2.ts
clip -c:v mpeg1video -r 25 video/mpeg1.mpg
clip -c:v flv video/flv.flv
clip -c:v wmv2 video/wmv2.asf
clip -c:v mjpeg -pix_fmt yuvj420p video/mjpeg.mov
clip -c:v libtheora video/theora.ogv
clip -c:v ffv1 video/ffv1.mkv
clip -pix_fmt yuv420p -s 16x16 -f yuv4mpegpipe video/raw.y4m

# EXIF: byte order, one directory with one entry, orientation 6; the same in a JPEG.
printf 'II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0' >exif/little
printf 'MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\10\0\0\0\0\0\0' >exif/big
{ printf 'Exif\0\0'; cat exif/little; } >exif/prefixed
{ printf '\377\330\377\341\0\42'; cat exif/prefixed; printf '\377\331'; } >exif/in.jpg
{ printf 'RIFF\60\0\0\0WEBPVP8X\12\0\0\0\10\0\0\0\1\0\0\1\0\0EXIF\32\0\0\0'; cat exif/little; } >exif/in.webp

for name in moving.gif moving.apng moving.webp still.bmp palette.png jpeg.jpg; do
    cp "picture/$name" structure/
done
head -c 256 video/vp8.webm >structure/first.webm

hash=f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22
printf '%s' $hash >text/hex
printf 'hash=%s,a name' $hash >text/list
printf '%s\r' $hash >text/list-cr
printf '12,100,%s,3.141' $hash >text/vpdq
printf '12,50,%s,1.5e+02' $hash >text/vpdq-exponent
printf '0,0,%s' $hash >text/vpdq-short
printf '# a comment' >text/comment

printf '\377\377--db\0x\0-b\0bank\0--label=key=value\0-r31\0-q\05\0--\0-x' >arguments/several
printf '\377\377--max-bytes=4G\0--every\00.25\0--size=64x64\0--raw\0gray\0-J\0a\0b' >arguments/media
printf '\377\377--hash\0%s\0--background\0ffffff\0--radius=257' $hash >arguments/refused

printf '\12\3\220\222\341\1\2\3\4\5\6\7' >index/plain
printf '\40\1\1\1\1\1\1\1\1\377\1\2\200\3\4' >index/near
printf '\4\1\1\2\2\3\3\4\5\6' >align/diagonal
printf '\0\12\2\0\1' >database/entry-bit
printf '\0\1\4\0\1\6\104\50\0\3' >database/two-records
printf '\1\0\100\20\1' >database/file-bit
printf '\1\100\0' >database/cut

# A worker's answer, in the byte order of the machine: a greeting; a mark, a thumbnail of 2x1 and the end of a picture;
# a failure.
zeros() { head -c "$1" /dev/zero; }
picture_mark() { printf '\2\0\0\0\60\0\0\0'; zeros 44; printf '\144\1\0\0'; }
end_of() { # KIND FORMAT
    printf '\4\0\0\0\110\1\0\0'; zeros 8; printf "\\$1\0\0\0\\$2\0\0\0\20\0\0\0\20\0\0\0"; zeros 24; printf 'codec'; zeros 275
}
printf '\0\1\0\0\0\4\0\0\0\17\0\0\0' >worker/hello
{ printf '\20'; picture_mark; printf '\3\0\0\0\32\0\0\0'; zeros 8; printf '\2\0\0\0\1\0\0\0'; zeros 8; printf 'ab'; end_of 1 1; } >worker/picture
{ printf '\40'; picture_mark; end_of 2 12; } >worker/video
{ printf '\0\4\0\0\0\110\1\0\0\371\377\377\377'; zeros 68; printf 'bad'; zeros 253; } >worker/failure

{ printf '\100\0'; end_of 2 12; } >worker/signature
{ printf '\100\1\144\0\0\0\200\177'; end_of 2 12; } >worker/signature-infinite

printf '\10' >tmk/sound
printf '\2\0\0\14\20\0\0\0' >tmk/frame-rate
printf '\2\0\0\202\0\0\200\177' >tmk/infinite
printf '\4\1\0' >tmk/cut
printf '\1TMK1FVECPDQF\17\0\0\0\4\0\0\0\40\0\0\0\0\1\0\0\377\377\377\377' >tmk/header

patch() { printf '\0%s%b' "$1" "$2"; }
{
    printf '\3\100\1\360\0'
    patch abcdefgh '\0\20\0\20\0\30\0\0'; patch ijklmnop '\0\40\0\50\0\20\0\100'; patch qrstuvwx '\0\60\0\30\0\14\0\0'
    printf '\3\100\1\360\0\200\1\201\2\202\3'
} >patches/copy
{ printf '\1\1\0\1\0'; patch abcdefgh '\0\0\0\0\1\0\0\0'; printf '\1\1\0\1\0\200\5'; } >patches/one

printf '\1\77\0\57\0\0\10\0\6\0\60\0\40\0\1\100' >region/framed
printf '\376\377\1\377\1\100\0\60\0\0\1\200\0\1\12' >region/inside
printf '\3\47\0\47\0\200\0\0\0\0\50\0\50\0\2\0resight' >region/noise
